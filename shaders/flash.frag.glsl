// The flash limiter's two passes. MEASURE: mean light of each cell of a small grid, from 16 points in it.
// COPY: the picture as it is. Without: some of the new picture mixed, as light, into the one shown last.
in vec2 uv;
out vec4 result;
uniform sampler2D picture;

vec3 light(vec3 c) {
    c = clamp(c, 0.0, 1.0);
    return mix(c / 12.92, pow((c + 0.055) / 1.055, vec3(2.4)), step(0.04045, c));
}

#ifdef MEASURE
uniform vec2 cell;   // size of a cell in uv

void main() {
    vec3 sum = vec3(0.0);
    for (int y = 0; y < 4; y++)
        for (int x = 0; x < 4; x++)
            sum += light(textureLod(picture, uv + (vec2(x, y) - 1.5) * 0.25 * cell, 0.0).rgb);
    result = vec4(sum / 16.0, 1.0);
}
#elif defined(COPY)
void main() { result = texelFetch(picture, ivec2(gl_FragCoord.xy), 0); }
#else
uniform sampler2D last;
uniform float weight;   // of the new picture

vec3 display(vec3 c) {
    return mix(c * 12.92, 1.055 * pow(c, vec3(1.0 / 2.4)) - 0.055, step(0.0031308, c));
}

void main() {
    ivec2 at = ivec2(gl_FragCoord.xy);
    vec4 old = texelFetch(last, at, 0), new = texelFetch(picture, at, 0);
    result = vec4(display(mix(light(old.rgb), light(new.rgb), weight)), mix(old.a, new.a, weight));
}
#endif
