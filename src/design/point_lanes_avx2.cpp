// The point equations for processors with AVX2.
#define CRADLE_LANES avx2
#include "point_lanes.cpp"  // NOLINT(bugprone-suspicious-include): one source, several instruction sets
