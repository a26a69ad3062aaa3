// The point equations for processors with AVX-512.
#define CRADLE_LANES avx3
#include "point_lanes.cpp"  // NOLINT(bugprone-suspicious-include): one source, several instruction sets
