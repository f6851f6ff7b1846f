"""Interactive Shader Format, versions 1 and 2, and Shadertoy: reading headers, translating to GLSL 3.30 core. No OpenGL
here.

The format: github.com/mrRay/ISF_Spec.
"""
