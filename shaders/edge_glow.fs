/*{
    "DESCRIPTION": "Only the outlines glow, in the picture's own colours; the beat lights them up.",
    "CREDIT": "liveanim",
    "ISFVSN": "2",
    "CATEGORIES": ["Stylise"],
    "INPUTS": [
        {"NAME": "inputImage", "TYPE": "image"},
        {"NAME": "spectrum", "TYPE": "audioFFT", "MAX": 8},
        {"NAME": "amount", "LABEL": "how bright the lines are", "TYPE": "float", "DEFAULT": 1.2, "MIN": 0.0, "MAX": 4.0},
        {"NAME": "width", "LABEL": "how wide they glow", "TYPE": "float", "DEFAULT": 0.5, "MIN": 0.0, "MAX": 1.0},
        {"NAME": "ground", "LABEL": "how much of the picture stays under them", "TYPE": "float", "DEFAULT": 0.22, "MIN": 0.0, "MAX": 1.0},
        {"NAME": "drive", "LABEL": "how much the sound lights them", "TYPE": "float", "DEFAULT": 0.7, "MIN": 0.0, "MAX": 1.0},
        {"NAME": "tint", "LABEL": "colour of the lines (alpha: how much of it)", "TYPE": "color", "DEFAULT": [0.2, 0.9, 1.0, 0.12]}
    ],
    "PASSES": [
        {"TARGET": "lines", "WIDTH": "$WIDTH", "HEIGHT": "$HEIGHT"},
        {"TARGET": "across", "WIDTH": "max($WIDTH / 3, 1)", "HEIGHT": "max($HEIGHT / 3, 1)"},
        {"TARGET": "halo", "WIDTH": "max($WIDTH / 3, 1)", "HEIGHT": "max($HEIGHT / 3, 1)"},
        {}
    ]
}*/

vec3 at(float x, float y) {
    return IMG_NORM_PIXEL(inputImage, isf_FragNormCoord + vec2(x, y) / RENDERSIZE * max(RENDERSIZE.y / 540.0, 1.0)).rgb;
}

vec3 outline() {
    vec3 nw = at(-1.0, 1.0), n = at(0.0, 1.0), ne = at(1.0, 1.0), w = at(-1.0, 0.0), e = at(1.0, 0.0);
    vec3 sw = at(-1.0, -1.0), s = at(0.0, -1.0), se = at(1.0, -1.0);
    vec3 gx = ne + 2.0 * e + se - nw - 2.0 * w - sw, gy = nw + 2.0 * n + ne - sw - 2.0 * s - se;
    float edge = smoothstep(0.12, 0.95, length(sqrt(gx * gx + gy * gy)));
    vec3 c = max(max(max(n, s), max(w, e)), IMG_THIS_PIXEL(inputImage).rgb);
    c = pow(c / max(max(c.r, max(c.g, c.b)), 0.15), vec3(1.6));
    return mix(c, tint.rgb, tint.a) * edge;
}

vec3 blurred(sampler2D picture, vec2 along) {
    vec3 sum = vec3(0.0);
    for (int i = -4; i <= 4; i++) {
        float x = float(i);
        sum += IMG_NORM_PIXEL(picture, isf_FragNormCoord + along * x * (0.001 + 0.004 * width)).rgb * exp(-0.14 * x * x);
    }
    return sum / 4.6;
}

void main() {
    float aspect = RENDERSIZE.x / RENDERSIZE.y;
    if (PASSINDEX == 0) { gl_FragColor = vec4(outline(), 1.0); return; }
    if (PASSINDEX == 1) { gl_FragColor = vec4(blurred(lines, vec2(1.0 / aspect, 0.0)), 1.0); return; }
    if (PASSINDEX == 2) { gl_FragColor = vec4(blurred(across, vec2(0.0, 1.0)), 1.0); return; }
    float bass = IMG_NORM_PIXEL(spectrum, vec2(0.06, 0.5)).r;
    float light = amount * (1.0 - 0.5 * drive + 1.4 * drive * bass);
    vec3 lit = light * (IMG_THIS_PIXEL(lines).rgb + 1.3 * IMG_THIS_PIXEL(halo).rgb);
    // What is too bright keeps most of its hue instead of going white.
    lit = mix(min(lit, 1.0), lit / max(max(lit.r, lit.g), max(lit.b, 1.0)), 0.75);
    vec3 base = IMG_THIS_PIXEL(inputImage).rgb * ground;
    gl_FragColor = vec4(1.0 - (1.0 - base) * (1.0 - lit), 1.0);
}
