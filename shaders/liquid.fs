/*{
    "DESCRIPTION": "One picture flows into the next: both swirl along the same currents and meet halfway.",
    "CREDIT": "liveanim",
    "ISFVSN": "2",
    "CATEGORIES": ["Transition"],
    "INPUTS": [
        {"NAME": "startImage", "TYPE": "image"},
        {"NAME": "endImage", "TYPE": "image"},
        {"NAME": "progress", "TYPE": "float", "DEFAULT": 0.0, "MIN": 0.0, "MAX": 1.0},
        {"NAME": "strength", "LABEL": "how far it flows", "TYPE": "float", "DEFAULT": 0.4, "MIN": 0.0, "MAX": 1.0},
        {"NAME": "size", "LABEL": "size of the currents", "TYPE": "float", "DEFAULT": 0.5, "MIN": 0.1, "MAX": 1.0},
        {"NAME": "drops", "LABEL": "how unevenly it turns over", "TYPE": "float", "DEFAULT": 0.6, "MIN": 0.0, "MAX": 1.0}
    ]
}*/

vec2 current(vec2 p) {
    vec2 v = vec2(0.0);
    float a = 1.0;
    for (int i = 0; i < 3; i++) {
        v += a * vec2(sin(p.y * 1.7 + TIME * 0.3 + float(i)), cos(p.x * 1.5 - TIME * 0.27 + 2.0 * float(i)));
        p = mat2(0.8, 0.6, -0.6, 0.8) * p * 2.0;
        a *= 0.5;
    }
    return v;
}

void main() {
    vec2 wide = vec2(RENDERSIZE.x / RENDERSIZE.y, 1.0);
    vec2 v = current((isf_FragNormCoord - 0.5) * wide * (2.0 / size)) / wide;
    float far = strength * 0.12;
    vec3 before = IMG_NORM_PIXEL(startImage, isf_FragNormCoord - v * far * progress).rgb;
    vec3 after = IMG_NORM_PIXEL(endImage, isf_FragNormCoord + v * far * (1.0 - progress)).rgb;
    // Bright parts of the new picture arrive first, in drops; at 0 and 1 only one picture is seen.
    float lead = (dot(after, vec3(0.2126, 0.7152, 0.0722)) - 0.5 + 0.35 * v.x) * drops;
    float x = clamp(progress + lead * 2.0 * progress * (1.0 - progress), 0.0, 1.0);
    gl_FragColor = vec4(mix(before, after, smoothstep(0.0, 1.0, x)), 1.0);
}
