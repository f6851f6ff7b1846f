/*{
    "DESCRIPTION": "Glowing threads of plasma in the dark that the sound feeds: to lie over a picture.",
    "CREDIT": "liveanim",
    "ISFVSN": "2",
    "CATEGORIES": ["Generator", "Audio"],
    "INPUTS": [
        {"NAME": "spectrum", "TYPE": "audioFFT", "MAX": 32},
        {"NAME": "speed", "LABEL": "how fast it moves", "TYPE": "float", "DEFAULT": 0.5, "MIN": 0.0, "MAX": 2.0},
        {"NAME": "size", "LABEL": "size of its folds", "TYPE": "float", "DEFAULT": 0.5, "MIN": 0.1, "MAX": 1.0},
        {"NAME": "threads", "LABEL": "how fine the threads are", "TYPE": "float", "DEFAULT": 0.6, "MIN": 0.0, "MAX": 1.0},
        {"NAME": "hue", "LABEL": "turns of its colours", "TYPE": "float", "DEFAULT": 0.6, "MIN": 0.0, "MAX": 1.0},
        {"NAME": "spread", "LABEL": "how far the colours differ", "TYPE": "float", "DEFAULT": 0.35, "MIN": 0.0, "MAX": 1.0},
        {"NAME": "drive", "LABEL": "how much the sound lights it", "TYPE": "float", "DEFAULT": 0.8, "MIN": 0.0, "MAX": 1.0}
    ]
}*/

vec3 palette(float x) { return 0.5 + 0.5 * cos(6.28318530718 * (x + vec3(0.0, 0.33, 0.67))); }

void main() {
    vec2 p = (isf_FragNormCoord - 0.5) * vec2(RENDERSIZE.x / RENDERSIZE.y, 1.0) * (2.4 / size);
    float t = TIME * speed;
    vec3 sum = vec3(0.0);
    for (int i = 0; i < 5; i++) {
        float n = float(i);
        float level = IMG_NORM_PIXEL(spectrum, vec2(0.03 + 0.11 * n, 0.5)).r;
        p += 0.55 * vec2(sin(1.3 * p.y + 0.7 * t + n * 1.9), cos(1.1 * p.x - 0.6 * t + n * 2.7));
        p = mat2(0.92, 0.39, -0.39, 0.92) * p;
        float field = sin(p.x + 0.8 * t) + cos(p.y - 0.5 * t + n);
        float thread = mix(0.28, 0.045, threads) * (1.0 + 1.5 * drive * level) / (abs(field) + 0.05);
        sum += palette(hue + spread * (0.24 * n + 0.1 * field)) * thread * thread * (1.0 - 0.75 * drive + 1.5 * drive * level);
    }
    vec3 c = 1.0 - exp(-0.5 * sum);
    gl_FragColor = vec4(c, clamp(max(c.r, max(c.g, c.b)) * 1.4, 0.0, 1.0));
}
