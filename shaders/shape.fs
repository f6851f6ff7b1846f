/*{
    "DESCRIPTION": "One clear shape, or a field of them, cut out of the picture; all around it is black.",
    "CREDIT": "liveanim",
    "ISFVSN": "2",
    "CATEGORIES": ["Geometry", "Masking"],
    "INPUTS": [
        {"NAME": "inputImage", "TYPE": "image"},
        {"NAME": "sides", "LABEL": "corners; from 12 on it is a circle", "TYPE": "float", "DEFAULT": 3.0, "MIN": 3.0, "MAX": 12.0},
        {"NAME": "size", "LABEL": "its size", "TYPE": "float", "DEFAULT": 0.5, "MIN": 0.0, "MAX": 1.5},
        {"NAME": "turn", "LABEL": "turns", "TYPE": "float", "DEFAULT": 0.0, "MIN": -1.0, "MAX": 1.0},
        {"NAME": "hollow", "LABEL": "how much of its inside is empty", "TYPE": "float", "DEFAULT": 0.0, "MIN": 0.0, "MAX": 1.0},
        {"NAME": "copies", "LABEL": "how many lie one in the other", "TYPE": "float", "DEFAULT": 1.0, "MIN": 1.0, "MAX": 12.0},
        {"NAME": "flow", "LABEL": "how far they have grown: 1 is a copy further", "TYPE": "float", "DEFAULT": 0.0, "MIN": 0.0, "MAX": 1.0},
        {"NAME": "twist", "LABEL": "turns from one copy to the next", "TYPE": "float", "DEFAULT": 0.0, "MIN": -0.5, "MAX": 0.5},
        {"NAME": "field", "LABEL": "how many rows of it there are", "TYPE": "float", "DEFAULT": 1.0, "MIN": 1.0, "MAX": 9.0},
        {"NAME": "glow", "LABEL": "how much its edge glows", "TYPE": "float", "DEFAULT": 0.3, "MIN": 0.0, "MAX": 1.0},
        {"NAME": "around", "LABEL": "how much of the picture is left around it", "TYPE": "float", "DEFAULT": 0.0, "MIN": 0.0, "MAX": 1.0},
        {"NAME": "invert", "LABEL": "a hole in the picture instead", "TYPE": "float", "DEFAULT": 0.0, "MIN": 0.0, "MAX": 1.0}
    ]
}*/

const float TAU = 6.28318530718;

// How far p is from the middle, as the shape counts: 1 on the edge of one of size 1.
float reach(vec2 p, float turns) {
    if (sides > 11.5) return length(p);
    float n = floor(sides + 0.5), a = atan(p.x, p.y) + turns * TAU;
    return length(p) * cos(mod(a + TAU * 0.5 / n, TAU / n) - TAU * 0.5 / n) * 1.3;
}

void main() {
    vec2 p = (isf_FragNormCoord - 0.5) * vec2(RENDERSIZE.x / RENDERSIZE.y, 1.0) * 2.0;
    float rows = floor(field + 0.5), pixel = 2.0 * rows / RENDERSIZE.y;
    if (rows > 1.5) p = 2.0 * (fract(p * rows * 0.5 + 0.5 * mod(rows, 2.0)) - 0.5);
    float many = floor(copies + 0.5), inside = 0.0, halo = 0.0;
    int last = int(many);
    for (int k = 0; k < last; k++) {
        float at = (float(k) + flow) / many;                      // 0 in the middle .. 1 outermost
        float edge = many > 1.5 ? size * at : size;
        float away = reach(p, turn + twist * float(k)) - edge;    // below 0 inside
        float thick = (1.0 - hollow) * (many > 1.5 ? size / many : edge) + 2.0 * pixel;    // not hollow: no hole
        float show = many > 1.5 ? smoothstep(0.0, 0.15, at) * smoothstep(1.0, 0.85, at) : 1.0;
        inside = max(inside, smoothstep(pixel, -pixel, max(away, -away - thick)) * show);
        halo = max(halo, show * exp(-abs(max(away, -away - thick)) * 14.0));
    }
    vec3 c = IMG_THIS_PIXEL(inputImage).rgb;
    vec3 lit = c / max(max(c.r, max(c.g, c.b)), 0.15);
    float part = mix(inside, 1.0 - inside, invert);
    gl_FragColor = vec4(c * mix(around, 1.0, part) + glow * halo * lit * (1.0 - part) * (1.0 - invert), 1.0);
}
