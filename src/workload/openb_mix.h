// The mix of the openb trace as figures: what the generator draws from.
//
// All of them are counts and order statistics of the default pod list and the GPU node list at
// hkust-adsl/kubernetes-scheduler-simulator @8f3d641, data/csv (Apache-2.0; Weng et al., "Beware of Fragmentation",
// ATC 2023), restated here. A shape that few pods have is left out: those kept cover 97 % of the pods of their kind.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace cradle::workload {

/// A demand and how many pods of the trace have it.
struct MixShape {
  std::int64_t cpu_milli;
  std::int64_t memory_mib;
  int gpu_count;
  int gpu_milli;
  int pods;
};

/// A node type and how many nodes of the trace are of it.
struct MixNode {
  std::string_view model;
  int gpu_count;
  std::int64_t cpu_milli;
  std::int64_t memory_mib;
  int nodes;
};

inline constexpr std::array<MixShape, 10> cpu_only_shapes = {{
    {12500, 57344, 0, 0, 364},
    {32000, 49152, 0, 0, 284},
    {8000, 30517, 0, 0, 163},
    {15400, 51200, 0, 0, 120},
    {16500, 51200, 0, 0, 95},
    {8000, 15625, 0, 0, 11},
    {11400, 57344, 0, 0, 11},
    {16000, 31250, 0, 0, 8},
    {8000, 31250, 0, 0, 5},
    {12000, 24576, 0, 0, 4},
}};

inline constexpr std::array<MixShape, 28> sharing_shapes = {{
    {3152, 5600, 1, 810, 1047}, {11908, 47104, 1, 470, 388}, {8000, 30517, 1, 470, 360}, {11908, 47104, 1, 650, 237},
    {4000, 22888, 1, 320, 111}, {4000, 30517, 1, 230, 84},   {4000, 15258, 1, 320, 78},  {3152, 5600, 1, 590, 75},
    {4152, 10600, 1, 550, 72},  {8000, 30517, 1, 320, 72},   {4000, 15258, 1, 160, 53},  {6000, 6144, 1, 460, 51},
    {4152, 10600, 1, 370, 45},  {4000, 30517, 1, 320, 43},   {4152, 10600, 1, 810, 31},  {6000, 12288, 1, 460, 29},
    {4000, 22888, 1, 230, 26},  {4000, 15258, 1, 220, 24},   {1000, 2048, 1, 320, 22},   {6000, 22888, 1, 160, 20},
    {8000, 30517, 1, 220, 19},  {4000, 22888, 1, 480, 18},   {6000, 18432, 1, 460, 18},  {8000, 30517, 1, 230, 18},
    {4000, 15258, 1, 230, 12},  {8000, 30517, 1, 650, 12},   {4000, 22888, 1, 220, 11},  {4000, 22888, 1, 110, 9},
}};

inline constexpr std::array<MixShape, 28> one_gpu_shapes = {{
    {11300, 49152, 1, 1000, 857}, {11400, 48128, 1, 1000, 534}, {3152, 5600, 1, 1000, 470},
    {18708, 64512, 1, 1000, 255}, {9810, 41560, 1, 1000, 195},  {12000, 24576, 1, 1000, 158},
    {15700, 58368, 1, 1000, 158}, {11908, 47104, 1, 1000, 153}, {16000, 32768, 1, 1000, 108},
    {4000, 24576, 1, 1000, 104},  {8000, 16384, 1, 1000, 104},  {12000, 16384, 1, 1000, 99},
    {14200, 58368, 1, 1000, 93},  {24200, 93184, 1, 1000, 84},  {11400, 77824, 1, 1000, 65},
    {8000, 32768, 1, 1000, 55},   {11900, 77824, 1, 1000, 51},  {12000, 15360, 1, 1000, 44},
    {8200, 33792, 1, 1000, 41},   {4000, 31250, 1, 1000, 40},   {15200, 80896, 1, 1000, 36},
    {16000, 65536, 1, 1000, 33},  {16400, 125952, 1, 1000, 27}, {11300, 37888, 1, 1000, 16},
    {1000, 6144, 1, 1000, 15},    {7000, 30000, 1, 1000, 11},   {15400, 90112, 1, 1000, 9},
    {4000, 16384, 1, 1000, 8},
}};

inline constexpr std::array<MixShape, 13> multi_gpu_shapes = {{
    {64200, 263168, 8, 1000, 18},
    {88000, 327680, 8, 1000, 18},
    {32200, 132096, 4, 1000, 9},
    {16200, 66560, 2, 1000, 7},
    {6000, 65536, 2, 1000, 3},
    {30200, 160768, 2, 1000, 3},
    {32000, 131072, 4, 1000, 3},
    {60200, 320512, 4, 1000, 3},
    {64000, 262144, 8, 1000, 3},
    {120000, 737280, 8, 1000, 3},
    {17400, 43008, 2, 1000, 2},
    {120200, 640000, 8, 1000, 2},
    {14000, 60000, 2, 1000, 1},
}};

inline constexpr std::array<MixNode, 15> mix_nodes = {{
    {"A10", 1, 128000, 1048576, 2},
    {"G2", 8, 96000, 393216, 549},
    {"G3", 8, 128000, 786432, 39},
    {"P100", 2, 16000, 122880, 107},
    {"P100", 2, 64000, 262144, 22},
    {"P100", 1, 8000, 61440, 3},
    {"P100", 2, 8000, 61440, 2},
    {"T4", 2, 104000, 524288, 387},
    {"T4", 4, 96000, 393216, 17},
    {"V100M16", 4, 32000, 131072, 28},
    {"V100M16", 1, 8000, 32768, 19},
    {"V100M16", 8, 64000, 262144, 7},
    {"V100M16", 8, 82000, 344064, 1},
    {"V100M32", 8, 96000, 786432, 21},
    {"V100M32", 4, 48000, 376832, 9},
}};

/// Run times (s) at these shares of the pods of a kind, from the shortest to the longest.
inline constexpr std::array<double, 12> quantile_shares = {0,    0.05, 0.10, 0.25, 0.50,  0.75,
                                                           0.90, 0.95, 0.98, 0.99, 0.995, 1};
using Quantiles = std::array<double, quantile_shares.size()>;
inline constexpr Quantiles cpu_only_durations_s = {10,    77,    122,   149,   445,   1943,
                                                   12836, 19473, 25080, 28362, 55452, 10143284};
inline constexpr Quantiles sharing_durations_s = {1,    26,    46,    107,   356,    1315,
                                                  7092, 16521, 40825, 74624, 165411, 12475899};
inline constexpr Quantiles one_gpu_durations_s = {1,    49,    67,    167,    587,     2158,
                                                  5394, 12089, 50251, 170469, 1643507, 12537496};
/// 75 pods: the shares beyond 0.98 are the longest one or two.
inline constexpr Quantiles multi_gpu_durations_s = {22,    36,     40,     155,    573,     6710,
                                                    68494, 175089, 977323, 977323, 1332357, 1332357};

/// Pods of a kind by service class: latency sensitive, best effort, burstable, guaranteed.
inline constexpr std::array<std::string_view, 4> service_classes = {"LS", "BE", "Burstable", "Guaranteed"};
using ClassCounts = std::array<int, service_classes.size()>;
inline constexpr ClassCounts cpu_only_classes = {636, 450, 1, 1};
inline constexpr ClassCounts sharing_classes = {759, 2319, 0, 0};
inline constexpr ClassCounts one_gpu_classes = {3200, 629, 76, 6};
inline constexpr ClassCounts multi_gpu_classes = {52, 0, 23, 0};

/// Mean arrivals in each hour of the day, days 116 to 147 of the trace; hour 0 is that of the trace's own clock, whose
/// time zone is not published. The hourly counts correlate with those one day later (0.39) and one week later (0.34).
inline constexpr std::array<double, 24> hourly_arrivals = {13.9, 12.9, 10.5, 12.3, 12.0, 9.0,  8.2,  9.2,
                                                           6.4,  3.7,  5.4,  5.3,  3.9,  3.6,  3.5,  6.9,
                                                           7.6,  11.8, 16.0, 13.5, 9.8,  13.2, 12.9, 16.0};
/// Median arrivals on each day of the week, days 116 to 148, counted from the trace's first day.
inline constexpr std::array<double, 7> daily_arrivals = {277, 221, 129, 201.5, 241, 228, 247};

}  // namespace cradle::workload
