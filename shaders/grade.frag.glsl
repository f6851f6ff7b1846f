// The last look at a picture before it is shown. Its source may lie upside down (rows of ISF run upwards): TURNED.
// MIXED: a generator's picture over it. LUT1, LUT3: a colour table. Each is left out where there is none.
in vec2 uv;
out vec4 result;
uniform sampler2D picture;
#ifdef MIXED
uniform sampler2D drawn;
uniform float amount;
uniform int mode;      // 0 over, 1 add, 2 screen, 3 multiply, 4 difference
#endif
#if defined(LUT1) || defined(LUT3)
uniform vec3 low;      // the colours at the ends of the table
uniform vec3 high;
uniform float share;
#endif
#ifdef LUT1
uniform sampler2D table;
#endif
#ifdef LUT3
uniform sampler3D table;
#endif

#ifdef MIXED
vec3 mixed(vec3 c, vec4 g) {
    vec3 d = mode == 1 ? c + g.rgb * g.a
           : mode == 2 ? 1.0 - (1.0 - c) * (1.0 - g.rgb * g.a)
           : mode == 3 ? c * mix(vec3(1.0), g.rgb, g.a)
           : mode == 4 ? abs(c - g.rgb * g.a)
           : mix(c, g.rgb, g.a);
    return mix(c, clamp(d, 0.0, 1.0), amount);
}
#endif

void main() {
#ifdef TURNED
    vec2 p = vec2(uv.x, 1.0 - uv.y);
#else
    vec2 p = uv;
#endif
    vec3 c = textureLod(picture, p, 0.0).rgb;
#ifdef MIXED
    c = mixed(clamp(c, 0.0, 1.0), textureLod(drawn, p, 0.0));
#endif
#if defined(LUT1) || defined(LUT3)
    // From the ends of the table's range to the middles of its outer texels.
    float n = float(textureSize(table, 0).x);
    vec3 at = clamp((c - low) / (high - low), 0.0, 1.0) * ((n - 1.0) / n) + 0.5 / n;
#endif
#ifdef LUT1
    vec3 graded = vec3(textureLod(table, vec2(at.r, 0.5), 0.0).r, textureLod(table, vec2(at.g, 0.5), 0.0).g,
                       textureLod(table, vec2(at.b, 0.5), 0.0).b);
    c = mix(c, graded, share);
#endif
#ifdef LUT3
    c = mix(c, textureLod(table, at, 0.0).rgb, share);
#endif
    result = vec4(c, 1.0);
}
