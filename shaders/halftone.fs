/*{
    "DESCRIPTION": "Printed in four inks: dots that swell with the dark, each ink at its own angle.",
    "CREDIT": "liveanim",
    "ISFVSN": "2",
    "CATEGORIES": ["Stylise"],
    "INPUTS": [
        {"NAME": "inputImage", "TYPE": "image"},
        {"NAME": "size", "LABEL": "dots per picture height", "TYPE": "float", "DEFAULT": 90.0, "MIN": 20.0, "MAX": 240.0},
        {"NAME": "angle", "LABEL": "turns of the screen", "TYPE": "float", "DEFAULT": 0.04, "MIN": -0.5, "MAX": 0.5},
        {"NAME": "inks", "LABEL": "which inks", "TYPE": "long", "VALUES": [0, 1], "LABELS": ["four colours", "black"], "DEFAULT": 0},
        {"NAME": "paper", "LABEL": "colour of the paper", "TYPE": "color", "DEFAULT": [0.98, 0.96, 0.9, 1.0]},
        {"NAME": "amount", "LABEL": "how much of the print is seen", "TYPE": "float", "DEFAULT": 1.0, "MIN": 0.0, "MAX": 1.0}
    ]
}*/

// How much ink lies here: a dot about the nearest point of a screen turned by `turns`.
float dots(vec2 p, float turns, vec4 which) {
    float a = (turns + angle) * 6.28318530718;
    mat2 there = mat2(cos(a), sin(a), -sin(a), cos(a)), back = mat2(cos(a), -sin(a), sin(a), cos(a));
    vec2 q = there * p * size;
    vec2 middle = back * ((floor(q) + 0.5) / size);
    vec2 uv = middle / vec2(RENDERSIZE.x / RENDERSIZE.y, 1.0) + 0.5;
    vec3 c = IMG_NORM_PIXEL(inputImage, clamp(uv, 0.0, 1.0)).rgb;
    c = pow(c, vec3(0.85));
    float black = 1.0 - max(c.r, max(c.g, c.b));
    float under = 0.75 * black;
    vec4 ink = inks == 1 ? vec4(0.0, 0.0, 0.0, 1.0 - dot(c, vec3(0.2126, 0.7152, 0.0722)))
                         : vec4((1.0 - c - under) / max(1.0 - under, 1e-3), black * black);
    float radius = sqrt(clamp(dot(ink, which), 0.0, 1.0)) * 0.74;
    float soft = 1.4 * size / RENDERSIZE.y;
    return smoothstep(radius + soft, radius - soft, length(fract(q) - 0.5)) * step(0.02, radius);
}

void main() {
    vec2 p = (isf_FragNormCoord - 0.5) * vec2(RENDERSIZE.x / RENDERSIZE.y, 1.0);
    vec3 c = paper.rgb;
    c *= mix(vec3(1.0), vec3(0.0, 0.68, 0.92), dots(p, 0.041, vec4(1.0, 0.0, 0.0, 0.0)));
    c *= mix(vec3(1.0), vec3(0.93, 0.0, 0.55), dots(p, 0.208, vec4(0.0, 1.0, 0.0, 0.0)));
    c *= mix(vec3(1.0), vec3(1.0, 0.92, 0.0), dots(p, 0.0, vec4(0.0, 0.0, 1.0, 0.0)));
    c *= mix(vec3(1.0), vec3(0.08), dots(p, 0.125, vec4(0.0, 0.0, 0.0, 1.0)));
    gl_FragColor = vec4(mix(IMG_THIS_PIXEL(inputImage).rgb, c, amount), 1.0);
}
