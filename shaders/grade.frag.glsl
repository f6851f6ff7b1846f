// The last look at a picture before it is shown. Its source may lie upside down (rows of ISF run upwards): TURNED.
// MIXED: a generator's picture over it. LUT1, LUT3: a colour table. KEYED: parts of it are transparent. Each is left
// out where there is none.
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

#ifdef KEYED
uniform int key;          // 1 what is dark, 2 what is bright, 3 what has the hue
uniform float key_level;
uniform float key_soft;
uniform float key_hue;    // turns

// How opaque colour c is: 0..1.
float opaque(vec3 c) {
    float most = max(c.r, max(c.g, c.b)), range = most - min(c.r, min(c.g, c.b));
    float from = dot(c, vec3(0.2126, 0.7152, 0.0722));
    if (key == 2) from = 1.0 - from;
    if (key == 3) {
        float h = most == c.r ? (c.g - c.b) / max(range, 1e-5)
                : most == c.g ? (c.b - c.r) / max(range, 1e-5) + 2.0 : (c.r - c.g) / max(range, 1e-5) + 4.0;
        float away = abs(fract(h / 6.0 - key_hue + 0.5) - 0.5) * 4.0;
        // Greys and near black have no hue to go by: they stay.
        from = max(away, 1.0 - smoothstep(0.06, 0.3, range));
    }
    float soft = max(key_soft, 1e-3);
    return smoothstep(key_level - 0.5 * soft, key_level + 0.5 * soft, from);
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
#ifdef KEYED
    float a = opaque(clamp(c, 0.0, 1.0));
    result = vec4(c * a, a);   // light that is there: black where nothing is
#else
    result = vec4(c, 1.0);
#endif
}
