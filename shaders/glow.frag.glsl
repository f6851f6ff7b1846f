// Steps of the glow. BRIGHT: reduce four times and keep the bright parts. SHRINK: reduce four times. BLUR: one direction.
// JOIN: the near glow and the far one, each in its share.
in vec2 uv;
out vec4 result;
uniform sampler2D picture;
uniform vec2 texel;   // size of a source texel in uv, along the blur for BLUR

#if defined(JOIN)
uniform sampler2D far;

void main() {
    result = vec4(0.4815 * textureLod(picture, uv, 0.0).rgb + 0.5185 * textureLod(far, uv, 0.0).rgb, 1.0);
}
#elif defined(BLUR)
void main() {
    vec3 c = 0.2270270 * textureLod(picture, uv, 0.0).rgb;
    c += 0.3162162 * (textureLod(picture, uv + 1.3846154 * texel, 0.0).rgb + textureLod(picture, uv - 1.3846154 * texel, 0.0).rgb);
    c += 0.0702703 * (textureLod(picture, uv + 3.2307692 * texel, 0.0).rgb + textureLod(picture, uv - 3.2307692 * texel, 0.0).rgb);
    result = vec4(c, 1.0);
}
#else
void main() {
    vec3 a = textureLod(picture, uv + texel * vec2(-1.0, -1.0), 0.0).rgb;
    vec3 b = textureLod(picture, uv + texel * vec2(1.0, -1.0), 0.0).rgb;
    vec3 c = textureLod(picture, uv + texel * vec2(-1.0, 1.0), 0.0).rgb;
    vec3 d = textureLod(picture, uv + texel * vec2(1.0, 1.0), 0.0).rgb;
    vec3 mean = 0.25 * (a + b + c + d);
#ifdef BRIGHT
    float peak = max(mean.r, max(mean.g, mean.b));
    mean *= smoothstep(0.42, 1.0, peak);
#endif
    result = vec4(mean, 1.0);
}
#endif
