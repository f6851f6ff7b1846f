/*{
    "DESCRIPTION": "The new picture comes through where the old one is dark (or bright), with a glowing seam.",
    "CREDIT": "liveanim",
    "ISFVSN": "2",
    "CATEGORIES": ["Transition"],
    "INPUTS": [
        {"NAME": "startImage", "TYPE": "image"},
        {"NAME": "endImage", "TYPE": "image"},
        {"NAME": "progress", "TYPE": "float", "DEFAULT": 0.0, "MIN": 0.0, "MAX": 1.0},
        {"NAME": "softness", "LABEL": "how soft the seam is", "TYPE": "float", "DEFAULT": 0.3, "MIN": 0.02, "MAX": 1.0},
        {"NAME": "bright", "LABEL": "bright parts go first", "TYPE": "bool", "DEFAULT": false},
        {"NAME": "glow", "LABEL": "how much the seam glows", "TYPE": "float", "DEFAULT": 0.35, "MIN": 0.0, "MAX": 1.0}
    ]
}*/

void main() {
    vec3 before = IMG_THIS_PIXEL(startImage).rgb, after = IMG_THIS_PIXEL(endImage).rgb;
    float light = dot(before, vec3(0.2126, 0.7152, 0.0722));
    float order = bright ? 1.0 - light : light;
    float x = clamp((progress * (1.0 + softness) - order) / softness, 0.0, 1.0);
    x = smoothstep(0.0, 1.0, x);
    vec3 c = mix(before, after, x);
    float seam = 4.0 * x * (1.0 - x) * 4.0 * progress * (1.0 - progress);
    gl_FragColor = vec4(1.0 - (1.0 - c) * (1.0 - glow * seam * (0.25 + 0.75 * max(before, after))), 1.0);
}
