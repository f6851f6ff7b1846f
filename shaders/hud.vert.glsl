// Four vertices for each box or glyph; corners from the vertex number. Pixels, origin top left of the window as it is
// seen.
uniform vec2 window;
uniform mat2 way;   // direction on the window -> as it is seen
in vec4 place;    // x, y, width, height
in vec4 glyph;    // u, v, width, height in the atlas; width 0: a plain box
in vec4 tint;
in float round_by;
out vec2 inside;  // pixels from the box's centre
out vec2 atlas_uv;
flat out vec2 half_size;
flat out vec4 colour;
flat out float radius;
flat out float is_glyph;

void main() {
    vec2 corner = vec2(gl_VertexID & 1, (gl_VertexID >> 1) & 1);
    vec2 p = place.xy + corner * place.zw;
    inside = (corner - 0.5) * place.zw;
    half_size = 0.5 * place.zw;
    atlas_uv = glyph.xy + corner * glyph.zw;
    colour = tint;
    radius = min(round_by, min(half_size.x, half_size.y));
    is_glyph = glyph.z > 0.0 ? 1.0 : 0.0;
    vec2 at = (p / window * 2.0 - 1.0) * way;
    gl_Position = vec4(at.x, -at.y, 0.0, 1.0);
}
