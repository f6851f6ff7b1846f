// The three ways through the stage:
//   DIRECT  blend and finish in one pass; with TRAILS it also keeps the unfinished picture for the next frame
//   SCENE   blend into a float target, for effects that need the picture twice
//   FINISH  finish such a picture, with colour split and glow
// What an effect needs is compiled in only where it is used: a software renderer runs both sides of every branch.
in vec2 point;
in vec2 uv;
layout(location = 0) out vec4 result;
uniform float aspect_of_target;

#ifdef TRAILS
uniform sampler2D last;
uniform float trails;
#endif

// A picture of the target's own size, pixel by pixel: no need to mix four of them.
vec3 here(sampler2D picture) { return texelFetch(picture, ivec2(uv * vec2(textureSize(picture, 0))), 0).rgb; }

vec3 trailed_scene() {
#ifdef TRAILS
    return mix(scene(point), here(last), trails);
#else
    return scene(point);
#endif
}

#ifdef SCENE
void main() { result = vec4(trailed_scene(), 1.0); }
#endif

#ifdef DIRECT
#ifdef TRAILS
layout(location = 1) out vec4 kept;
#endif

void main() {
    vec3 c = trailed_scene();
#ifdef TRAILS
    kept = vec4(c, 1.0);
#endif
    result = vec4(finished(c, point, 0.5 * aspect_of_target, gl_FragCoord.xy), 1.0);
}
#endif

#ifdef FINISH
uniform sampler2D picture;
uniform sampler2D glow;
const float LIGHT = 1.35;   // near and far glow together
uniform float split;
uniform float bloom;

vec3 split_apart(vec2 p) {
    // Red and blue drift apart sideways and, towards the rim, outwards.
    vec2 drift = split * (vec2(0.014, 0.0) + 0.034 * p);
    vec2 d = vec2(drift.x / aspect_of_target, drift.y);
    float red = textureLod(picture, reflected(uv - d), 0.0).r;
    float blue = textureLod(picture, reflected(uv + d), 0.0).b;
    return vec3(red, textureLod(picture, uv, 0.0).g, blue);
}

void main() {
#ifdef SPLIT
    vec3 c = split_apart(point);
#else
    vec3 c = here(picture);
#endif
#ifdef BLOOM
    vec3 light = bloom * LIGHT * textureLod(glow, uv, 0.0).rgb;
    c = 1.0 - (1.0 - min(c, 1.0)) * (1.0 - min(light, 1.0));
#endif
    result = vec4(finished(c, point, 0.5 * aspect_of_target, gl_FragCoord.xy), 1.0);
}
#endif
