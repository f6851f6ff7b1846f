// A part of the finished picture fitted to a screen: corners where they were put, edges that fade, a grid while it is
// being done, whose lines meet those of the next projector.
in vec2 uv;
out vec4 result;
uniform sampler2D picture;
uniform vec4 part;       // of the picture: left, top, right, bottom
uniform mat3 place;      // screen (0..1, y down) -> part (0..1, y down), before the division
uniform vec4 edges;      // how wide left, right, top, bottom fade
uniform float gamma;
uniform int chosen;      // what is being moved: 0..3 a corner, 4..7 an edge, 8..11 a side of the part; -1 nothing
uniform float aspect_of_part;

// Light at `x` (0..1) across a fade: two that overlap sum to one.
float fade(float x) {
    x = clamp(x, 0.0, 1.0);
    float light = x < 0.5 ? 2.0 * x * x : 1.0 - 2.0 * (1.0 - x) * (1.0 - x);
    return pow(light, 1.0 / gamma);
}

vec3 with_grid(vec3 c, vec2 q) {
    vec2 cells = vec2(16.0, 9.0), at = mix(part.xy, part.zw, q) * cells, wide = fwidth(at) * 1.2;
    vec2 line = smoothstep(wide, vec2(0.0), abs(fract(at + 0.5) - 0.5));
    c = mix(c * 0.55, vec3(0.9), max(line.x, line.y) * 0.7);
    vec2 corner = vec2(chosen == 1 || chosen == 2 ? 1.0 : 0.0, chosen >= 2 ? 1.0 : 0.0);
    float d = length((q - corner) * vec2(aspect_of_part, 1.0));
    vec4 wide_mark = chosen < 8 ? max(edges, 0.02) : vec4(0.02);
    int side = chosen % 4;
    float mark = chosen < 4 ? step(d, 0.07)
               : side == 0 ? step(q.x, wide_mark.x) : side == 1 ? step(1.0 - q.x, wide_mark.y)
               : side == 2 ? step(q.y, wide_mark.z) : step(1.0 - q.y, wide_mark.w);
    return mix(c, vec3(1.0, 0.55, 0.1), 0.75 * mark);
}

void main() {
    vec3 h = place * vec3(uv.x, 1.0 - uv.y, 1.0);
    vec2 q = h.xy / h.z;
    vec2 inside = min(q, 1.0 - q) / max(fwidth(q), vec2(1e-6)) + 0.5;
    float seen = h.z > 0.0 ? clamp(min(inside.x, inside.y), 0.0, 1.0) : 0.0;
    vec3 c = textureLod(picture, mix(part.xy, part.zw, clamp(q, 0.0, 1.0)), 0.0).rgb;
    if (chosen >= 0) c = with_grid(c, q);
    float light = seen;
    if (edges.x > 0.0) light *= fade(q.x / edges.x);
    if (edges.y > 0.0) light *= fade((1.0 - q.x) / edges.y);
    if (edges.z > 0.0) light *= fade(q.y / edges.z);
    if (edges.w > 0.0) light *= fade((1.0 - q.y) / edges.w);
    result = vec4(c * light, 1.0);
}
