// The load itself, in NVIDIA's portable assembly: the driver compiles it for whatever board it finds.
#pragma once

#include <string>

namespace cradle::profile {

inline constexpr const char* kernel_name = "keep_busy";
inline constexpr unsigned kernel_threads = 1024;  ///< of each block: 32 warps, enough to fill a multiprocessor's units
/// Fused multiply-adds of one warp between two looks at the clock: 8 x 1024 turns x 32 lanes.
inline constexpr double operations_per_turn = 8.0 * 1024 * 32;
/// What each block reports: turns of all its warps, then the multiprocessor it ran on. Both 64 bits.
inline constexpr unsigned words_per_block = 2;

/// keep_busy(report, nanoseconds): every warp does 1024 times eight fused multiply-adds in four independent chains
/// (with 32 warps, enough to hide the latency of the units), looks at the device's clock, and stops when the time is
/// over. The loop has 64 of them: enough to make its own instructions few, while unrolled it would leave the
/// instruction cache. Then it adds its number of looks to report[2 block] and writes its multiprocessor to report[2
/// block + 1]. The chains end in a store that never happens, as their sum is always a number, so that they are not
/// removed. PTX ISA 7.0 for compute capability 7.0 (Volta) and later; nothing in it is newer.
inline std::string kernel_text() {
  static constexpr const char* before = R"(.version 7.0
.target sm_70
.address_size 64

.visible .entry keep_busy(
    .param .u64 report,
    .param .u64 time_limit
)
{
    .reg .pred  %again, %over, %lane, %never;
    .reg .b32   %thread, %block, %turn, %sm;
    .reg .f32   %a<8>, %forth, %back, %seed;
    .reg .b64   %base, %place, %offset, %limit, %start, %now, %looks, %wide;

    ld.param.u64        %base, [report];
    ld.param.u64        %limit, [time_limit];
    cvta.to.global.u64  %base, %base;
    mov.u32             %thread, %tid.x;
    mov.u32             %block, %ctaid.x;
    mul.wide.u32        %offset, %block, 16;
    add.u64             %place, %base, %offset;

    // Four points that turn on ellipses for ever: x <- x - s y, y <- y + s x, s = 0.618034. A chain that came to rest
    // would move fewer wires, and draw less, than real work does.
    cvt.rn.f32.u32      %seed, %thread;
    mov.f32             %forth, 0f3F1E377A;
    mov.f32             %back, 0fBF1E377A;
    add.f32             %a0, %seed, 0f3F800000;
    add.f32             %a1, %seed, 0f40000000;
    add.f32             %a2, %seed, 0f40400000;
    add.f32             %a3, %seed, 0f40800000;
    add.f32             %a4, %seed, 0f40A00000;
    add.f32             %a5, %seed, 0f40C00000;
    add.f32             %a6, %seed, 0f40E00000;
    add.f32             %a7, %seed, 0f41000000;
    mov.u64             %looks, 0;
    mov.u64             %start, %globaltimer;

OUTER:
    mov.u32             %turn, 128;
INNER:
    .pragma "nounroll";
)";
  static constexpr const char* multiply_adds = R"(    fma.rn.f32          %a0, %a1, %back, %a0;
    fma.rn.f32          %a2, %a3, %back, %a2;
    fma.rn.f32          %a4, %a5, %back, %a4;
    fma.rn.f32          %a6, %a7, %back, %a6;
    fma.rn.f32          %a1, %a0, %forth, %a1;
    fma.rn.f32          %a3, %a2, %forth, %a3;
    fma.rn.f32          %a5, %a4, %forth, %a5;
    fma.rn.f32          %a7, %a6, %forth, %a7;
)";
  static constexpr const char* after = R"(    sub.u32             %turn, %turn, 1;
    setp.ne.u32         %again, %turn, 0;
    @%again bra         INNER;

    add.u64             %looks, %looks, 1;
    mov.u64             %now, %globaltimer;
    sub.u64             %now, %now, %start;
    setp.lt.u64         %over, %now, %limit;
    @%over bra          OUTER;

    // The sum of the chains is stored only where it is not a number, which it never is.
    add.f32             %a0, %a0, %a1;
    add.f32             %a2, %a2, %a3;
    add.f32             %a4, %a4, %a5;
    add.f32             %a6, %a6, %a7;
    add.f32             %a0, %a0, %a2;
    add.f32             %a4, %a4, %a6;
    add.f32             %a0, %a0, %a4;
    setp.nan.f32        %never, %a0, %a0;
    @%never st.global.f32 [%place], %a0;

    // One lane of each warp reports.
    and.b32             %turn, %thread, 31;
    setp.ne.u32         %lane, %turn, 0;
    @%lane bra          DONE;
    red.global.add.u64  [%place], %looks;
    mov.u32             %sm, %smid;
    cvt.u64.u32         %wide, %sm;
    st.global.u64       [%place+8], %wide;
DONE:
    ret;
}
)";
  std::string text = before;
  for (int i = 0; i < 8; ++i) text += multiply_adds;
  return text + after;
}

}  // namespace cradle::profile
