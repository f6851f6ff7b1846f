// Edges of an enlarged keyframe, made steeper without halos: an unsharp mask that never leaves the range of its neighbours.
out vec4 result;
uniform sampler2D picture;
uniform int reach;       // pixels to the neighbours: somewhat over half a pixel of the keyframe as it was painted
uniform float strength;

void main() {
    ivec2 here = ivec2(gl_FragCoord.xy), last = textureSize(picture, 0) - 1;
    ivec2 before = max(here - reach, ivec2(0)), after = min(here + reach, last);
    vec3 c = texelFetch(picture, here, 0).rgb;
    vec3 w = texelFetch(picture, ivec2(before.x, here.y), 0).rgb, e = texelFetch(picture, ivec2(after.x, here.y), 0).rgb;
    vec3 n = texelFetch(picture, ivec2(here.x, before.y), 0).rgb, s = texelFetch(picture, ivec2(here.x, after.y), 0).rgb;
    vec3 low = min(min(min(w, e), min(n, s)), c);
    vec3 high = max(max(max(w, e), max(n, s)), c);
    result = vec4(clamp(c + strength * (c - 0.25 * (w + e + n + s)), low, high), 1.0);
}
