// One triangle over the whole target, without a vertex buffer.
// point: units of picture height, origin at the centre, y down (row 0 of every target is the picture's top row).
// uv:    0..1 over the target, v down.
// turned: draw with the rows the other way round, for ISF.
// seen:  with LAYERS and without FOLDED, `point` on each layer, before the division: straight lines over the target.
uniform float aspect;
uniform int turned;
#if defined(LAYERS) && LAYERS > 0 && !defined(FOLDED)
uniform mat3 place[4];
out vec3 seen[LAYERS];
#endif
out vec2 point;
out vec2 uv;

void main() {
    vec2 corner = vec2(gl_VertexID == 1 ? 3.0 : -1.0, gl_VertexID == 2 ? 3.0 : -1.0);
    point = corner * 0.5 * vec2(aspect, 1.0);
    uv = corner * 0.5 + 0.5;
#if defined(LAYERS) && LAYERS > 0 && !defined(FOLDED)
    for (int i = 0; i < LAYERS; i++) seen[i] = place[i] * vec3(point, 1.0);
#endif
    gl_Position = vec4(corner.x, turned == 1 ? -corner.y : corner.y, 0.0, 1.0);
}
