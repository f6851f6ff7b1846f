// Edges of an enlarged keyframe, made steeper without halos: an unsharp mask that never leaves the range of its neighbours.
in vec2 uv;
out vec4 result;
uniform sampler2D picture;
uniform vec2 reach;      // uv to the neighbours: somewhat over half a pixel of the keyframe as it was painted
uniform float strength;

void main() {
    vec3 c = textureLod(picture, uv, 0.0).rgb;
    vec3 w = textureLod(picture, uv - vec2(reach.x, 0.0), 0.0).rgb;
    vec3 e = textureLod(picture, uv + vec2(reach.x, 0.0), 0.0).rgb;
    vec3 n = textureLod(picture, uv - vec2(0.0, reach.y), 0.0).rgb;
    vec3 s = textureLod(picture, uv + vec2(0.0, reach.y), 0.0).rgb;
    vec3 low = min(min(min(w, e), min(n, s)), c);
    vec3 high = max(max(max(w, e), max(n, s)), c);
    result = vec4(clamp(c + strength * (c - 0.25 * (w + e + n + s)), low, high), 1.0);
}
