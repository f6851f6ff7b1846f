/*{
    "DESCRIPTION": "The sound as a ring of light: its wave bends the ring, its spectrum stands on it in rays.",
    "CREDIT": "liveanim",
    "ISFVSN": "2",
    "CATEGORIES": ["Generator", "Audio"],
    "INPUTS": [
        {"NAME": "wave", "TYPE": "audio", "MAX": 256},
        {"NAME": "spectrum", "TYPE": "audioFFT", "MAX": 64},
        {"NAME": "radius", "LABEL": "size of the ring", "TYPE": "float", "DEFAULT": 0.26, "MIN": 0.05, "MAX": 0.6},
        {"NAME": "bend", "LABEL": "how far the wave bends it", "TYPE": "float", "DEFAULT": 0.5, "MIN": 0.0, "MAX": 1.0},
        {"NAME": "rays", "LABEL": "length of the rays", "TYPE": "float", "DEFAULT": 0.5, "MIN": 0.0, "MAX": 1.0},
        {"NAME": "colour", "LABEL": "colour of the ring", "TYPE": "color", "DEFAULT": [1.0, 0.55, 0.2, 1.0]},
        {"NAME": "turn", "LABEL": "turns a minute", "TYPE": "float", "DEFAULT": 1.0, "MIN": -20.0, "MAX": 20.0}
    ]
}*/

const float TAU = 6.28318530718;

void main() {
    vec2 p = (isf_FragNormCoord - 0.5) * vec2(RENDERSIZE.x / RENDERSIZE.y, 1.0);
    float r = length(p);
    float a = fract(atan(p.x, p.y) / TAU + 0.5 + TIME * turn / 60.0);
    float mirrored = abs(a * 2.0 - 1.0);                 // both halves alike: the ring closes
    float sway = IMG_NORM_PIXEL(wave, vec2(mirrored, 0.5)).r - 0.5;
    float at = radius * (1.0 + 0.55 * bend * sway);
    float line = 0.006 / (abs(r - at) + 0.0035);
    float n = 48.0;
    float bar = (floor(mirrored * n) + 0.5) / n;
    float level = IMG_NORM_PIXEL(spectrum, vec2(bar * 0.7 + 0.01, 0.5)).r;
    float along = (r - at - 0.012) / max(level * rays * 0.35, 1e-3);
    float side = abs(fract(mirrored * n) - 0.5) * 2.0;
    float ray = smoothstep(0.72, 0.5, side) * step(0.0, along) * smoothstep(1.0, 0.0, along);
    vec3 c = colour.rgb * min(line * line, 3.0) + mix(colour.rgb, colour.brg, clamp(bar, 0.0, 1.0)) * ray * 1.6;
    c += colour.rgb * 0.3 * exp(-14.0 * abs(r - at));
    c = 1.0 - exp(-c * 1.4);
    float light = max(c.r, max(c.g, c.b));               // what glows faintly leaves the picture as bright as it is
    gl_FragColor = vec4(c / max(light, 1e-3), light * colour.a);
}
