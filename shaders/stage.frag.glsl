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

vec3 trailed_scene() {
#ifdef TRAILS
    return mix(scene(point), textureLod(last, uv, 0.0).rgb, trails);
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
uniform sampler2D near_glow;
uniform sampler2D far_glow;
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
    vec3 c = textureLod(picture, uv, 0.0).rgb;
#endif
#ifdef BLOOM
    vec3 glow = 0.65 * textureLod(near_glow, uv, 0.0).rgb + 0.70 * textureLod(far_glow, uv, 0.0).rgb;
    c = 1.0 - (1.0 - min(c, 1.0)) * (1.0 - min(bloom * glow, 1.0));
#endif
    result = vec4(finished(c, point, 0.5 * aspect_of_target, gl_FragCoord.xy), 1.0);
}
#endif
