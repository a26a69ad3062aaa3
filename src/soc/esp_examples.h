// Systems on chip for the tests of this room, written in ESP's format. The 3x3 has the tiles of the released
// token-managed system (cpu, IO, NVDLA / FFT, memory, VIT / FFT, VIT, FFT), the 4x4 those of the other one.
#pragma once

#include <string_view>

namespace cradle::soc {

inline constexpr std::string_view esp_3x3 =
    "CPU_ARCH = ariane\n"
    "NCPU_TILE = 1\n"
    "CONFIG_NOC_ROWS = 3\n"
    "CONFIG_NOC_COLS = 3\n"
    "CONFIG_COH_NOC_WIDTH = 64\n"
    "CONFIG_DMA_NOC_WIDTH = 64\n"
    "CONFIG_CACHE_EN = y\n"
    "CONFIG_CACHE_RTL = y\n"
    "CONFIG_CPU_CACHES = 512 4 1024 16\n"
    "CONFIG_ACC_CACHES = 256 4\n"
    "CONFIG_CACHE_LINE_SIZE = 128\n"
    "CONFIG_SLM_KBYTES = 256\n"
    "#CONFIG_JTAG_EN is not set\n"
    "# CONFIG_ETH_EN is not set\n"
    "CONFIG_CLK_STR = 2\n"
    "CONFIG_MON_DDR = y\n"
    "#CONFIG_MON_MEM is not set\n"
    "CONFIG_MON_DVFS = y\n"
    "CONFIG_HAS_DVFS = y\n"
    "CONGIG_DSU_IP = C0A80107\n"
    "\n"
    "# tiles\n"
    "TILE_0_0 = 0 cpu cpu\n"
    "TILE_0_1 = 1 misc IO\n"
    "TILE_0_2 = 2 acc NV_NVDLA  0 1 nvidia\n"
    "TILE_1_0 = 3 acc FFT2_STRATUS basic_fx32_dma64 0 1 sld\n"
    "TILE_1_1 = 4 mem mem\n"
    "TILE_1_2 = 5 acc VITDODEC_STRATUS basic_dma64 0 1 sld\n"
    "TILE_2_0 = 6 acc FFT2_STRATUS basic_fx32_dma64 0 1 sld\n"
    "TILE_2_1 = 7 acc VITDODEC_STRATUS basic_dma64 0 1 sld\n"
    "TILE_2_2 = 8 acc FFT2_STRATUS basic_fx32_dma64 0 1 sld\n";

/// 4 GEMM / 4 NightVision / 3 CONV2D and memory / 2 NightVision, cpu, IO; no key but what is needed, no last line end.
inline constexpr std::string_view esp_4x4 =
    "CONFIG_NOC_ROWS = 4\nCONFIG_NOC_COLS = 4\nCPU_ARCH = leon3\nNCPU_TILE = 1\n"
    "TILE_0_0 = 0 acc GEMM_STRATUS basic_dma32 0 1 sld\nTILE_0_1 = 1 acc GEMM_STRATUS basic_dma32 0 1 sld\n"
    "TILE_0_2 = 2 acc GEMM_STRATUS basic_dma32 0 1 sld\nTILE_0_3 = 3 acc GEMM_STRATUS basic_dma32 0 1 sld\n"
    "TILE_1_0 = 4 acc NIGHTVISION_STRATUS basic_dma32 0 1 sld\nTILE_1_1 = 5 acc NIGHTVISION_STRATUS basic_dma32 0 1 "
    "sld\n"
    "TILE_1_2 = 6 acc NIGHTVISION_STRATUS basic_dma32 0 1 sld\nTILE_1_3 = 7 acc NIGHTVISION_STRATUS basic_dma32 0 1 "
    "sld\n"
    "TILE_2_0 = 8 acc CONV2D_STRATUS basic_dma32 0 1 sld\nTILE_2_1 = 9 acc CONV2D_STRATUS basic_dma32 0 1 sld\n"
    "TILE_2_2 = 10 acc CONV2D_STRATUS basic_dma32 0 1 sld\nTILE_2_3 = 11 mem mem\n"
    "TILE_3_0 = 12 acc NIGHTVISION_STRATUS basic_dma32 0 1 sld\nTILE_3_1 = 13 acc NIGHTVISION_STRATUS basic_dma32 0 1 "
    "sld\n"
    "TILE_3_2 = 14 cpu cpu\nTILE_3_3 = 15 misc IO";

/// As older branches have it: clock fields in each tile, no has_tdvfs, power records; tiles in another order, CRLF.
inline constexpr std::string_view esp_older =
    "CONFIG_NOC_ROWS = 2\r\nCONFIG_NOC_COLS = 2\r\nNCPU_TILE = 1\r\nCONFIG_SLM_KBYTES = 64\r\n"
    "TILE_1_1 = 3 slm slm 0 0 0\r\nTILE_0_0 = 0 cpu cpu 0 0 0\r\nTILE_0_1 = 1 mem mem 0 0 0\r\n"
    "TILE_1_0 = 2 acc ADDER_VIVADO 1 1 0 dma64_w32 1 sld\r\n"
    "POWER_1_0 = ADDER_VIVADO 0 0 0 0 0 0 0 0 0 0 0 0\r\nPOWER_0_0 = cpu 1 0.5 3 0 0 0 0 0 0 0 0 1e-3\r\n";

}  // namespace cradle::soc
