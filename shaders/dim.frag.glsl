// The finished picture, dimmed: black is opaque, so that what is transparent goes with it.
in vec2 uv;
out vec4 result;
uniform sampler2D picture;
uniform float level;   // 0 black .. 1 as it is

void main() {
    vec4 c = texelFetch(picture, ivec2(gl_FragCoord.xy), 0);
    result = vec4(c.rgb * level, mix(1.0, c.a, level));
}
