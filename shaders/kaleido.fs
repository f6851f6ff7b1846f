/*{
    "DESCRIPTION": "A kaleidoscope that turns, with a picture inside that turns the other way.",
    "CREDIT": "liveanim",
    "ISFVSN": "2",
    "CATEGORIES": ["Geometry"],
    "INPUTS": [
        {"NAME": "inputImage", "TYPE": "image"},
        {"NAME": "sides", "LABEL": "mirrors", "TYPE": "float", "DEFAULT": 6.0, "MIN": 2.0, "MAX": 24.0},
        {"NAME": "turn", "LABEL": "turns of the whole", "TYPE": "float", "DEFAULT": 0.0, "MIN": -1.0, "MAX": 1.0},
        {"NAME": "speed", "LABEL": "turns a minute of the picture inside", "TYPE": "float", "DEFAULT": 2.0, "MIN": -20.0, "MAX": 20.0},
        {"NAME": "zoom", "LABEL": "how near", "TYPE": "float", "DEFAULT": 1.0, "MIN": 0.25, "MAX": 4.0},
        {"NAME": "centre", "LABEL": "where it looks", "TYPE": "point2D", "DEFAULT": [0.38, 0.42]},
        {"NAME": "rings", "LABEL": "how much it repeats outwards", "TYPE": "float", "DEFAULT": 0.35, "MIN": 0.0, "MAX": 1.0}
    ]
}*/

const float TAU = 6.28318530718;

void main() {
    float aspect = RENDERSIZE.x / RENDERSIZE.y;
    vec2 p = (isf_FragNormCoord - 0.5) * vec2(aspect, 1.0);
    float r = length(p);
    float a = atan(p.y, p.x) / TAU + turn;
    float n = floor(sides + 0.5);
    a = abs(fract(a * n) - 0.5) / n * TAU;
    // Rings of mirrors, closer towards the middle.
    float far = log(r + 0.08) * 1.4;
    float ringed = abs(fract(far * 0.5) * 2.0 - 1.0) * 0.55 + 0.06;
    r = mix(r, ringed, rings) / zoom;
    float spin = speed * TIME / 60.0 * TAU;
    vec2 q = r * vec2(cos(a + spin), sin(a + spin));
    q = q / vec2(aspect, 1.0) + centre;
    q = 1.0 - abs(1.0 - mod(q, 2.0));
    gl_FragColor = IMG_NORM_PIXEL(inputImage, q);
}
