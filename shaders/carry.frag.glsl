// One keyframe as the camera sees it now, where a homography is not enough: flown through by its depth (core.space), drawn
// toward where its things have moved (flow), or with another border than a mirror's.
in vec2 point;
out vec4 result;
uniform sampler2D picture;
uniform sampler2D relief;   // r: nearness 0..1; of the newest keyframe
uniform sampler2D flow;     // rg: heights that things have moved since the keyframe before
uniform float cover;        // keyframe heights per stage height
uniform mat3 texture_of;    // point of the keyframe as it was (heights) -> texture coordinates
uniform mat3 before;        // where the camera sees it, but for the flight -> where it was (before the division)
uniform mat4 move;          // the flight since
uniform vec2 ray;           // core.space.Lens.scales
uniform vec2 focal;
uniform float far;          // relief: the farthest parts are at 1 + far
uniform int rounds;         // 0: no flight; 1: first order (compat); more: exact
uniform int compat;
uniform mat3 flow_place;    // where the camera sees it -> texture coordinates of the flow
uniform float drawn;        // share of the flow to look ahead (+) or back (-)
uniform int border;         // 0 reflect, 1 replicate, 2 wrap, 3 zeros

vec2 divided(vec3 q) { return q.xy / (abs(q.z) < 1e-4 ? 1e-4 : q.z); }
vec2 mirrored(vec2 t) { return 1.0 - abs(1.0 - mod(t, 2.0)); }

vec2 texture_at(vec2 q) { return divided(texture_of * before * vec3(q, 1.0)); }

float distance_of(float nearness) {
    float away = 1.0 / (1.0 + far);
    return compat == 1 ? 1.0 + far * (1.0 - nearness) : 1.0 / (away + nearness * (1.0 - away));
}

vec2 displaced(vec2 q) {
    float z = distance_of(textureLod(relief, mirrored(texture_at(q)), 0.0).r);
    vec2 flat_ = q * ray * (compat == 1 ? 1.0 : z);
    vec3 there = (move * vec4(flat_, z, 1.0)).xyz;
    return focal * (there.xy / max(there.z, 0.05) - flat_ / z);
}

void main() {
    vec2 p = point * cover;
    vec2 q = p;
    for (int i = 0; i < rounds; i++) q = p - displaced(q);
    if (drawn != 0.0) q += drawn * textureLod(flow, mirrored(divided(flow_place * vec3(q, 1.0))), 0.0).rg;
    vec2 t = texture_at(q);
    vec2 inside = border == 0 ? mirrored(t) : border == 2 ? fract(t) : clamp(t, 0.0, 1.0);
    vec3 c = textureLod(picture, inside, 0.0).rgb;
    if (border == 3) {
        vec2 edge = smoothstep(vec2(0.0), fwidth(t), t) * smoothstep(vec2(0.0), fwidth(t), 1.0 - t);
        c *= edge.x * edge.y;
    }
    result = vec4(c, 1.0);
}
