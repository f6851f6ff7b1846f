// One direction of a Catmull-Rom enlargement by a whole factor; run once across and once down, once per keyframe.
in vec2 uv;
out vec4 result;
uniform sampler2D picture;
uniform ivec2 along;    // (1, 0) or (0, 1)
uniform int factor;

vec3 at(ivec2 texel, ivec2 size) {
    return texelFetch(picture, clamp(texel, ivec2(0), size - 1), 0).rgb;
}

void main() {
    ivec2 size = textureSize(picture, 0);
    ivec2 pixel = ivec2(gl_FragCoord.xy);
    int n = along.x * pixel.x + along.y * pixel.y;
    float x = (float(n) + 0.5) / float(factor) - 0.5;
    float cell = floor(x);
    float t = x - cell;
    ivec2 base = pixel * (ivec2(1) - along) + along * int(cell);
    float t2 = t * t, t3 = t2 * t;
    vec4 w = 0.5 * vec4(-t + 2.0 * t2 - t3, 2.0 - 5.0 * t2 + 3.0 * t3, t + 4.0 * t2 - 3.0 * t3, t3 - t2);
    vec3 c = w.x * at(base - along, size) + w.y * at(base, size) + w.z * at(base + along, size) + w.w * at(base + 2 * along, size);
    result = vec4(clamp(c, 0.0, 1.0), 1.0);
}
