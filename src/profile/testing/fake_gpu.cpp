// One scripted board behind both of the driver's libraries, for tests that run the program itself: each busy
// multiprocessor draws 30 W on top of 80 W, by power samples. Its limit stands in the working folder's
// file limit_mw. Give the library as --nvml and as --cuda.
#include "../../meter/testing/fake_nvml.h"
#include "fake_cuda.h"

extern "C" cradle::meter::testing::FakeNvml* fake_nvml_state();
extern "C" cradle::profile::testing::FakeCuda* fake_cuda_state();

namespace {

/// Built after the states it fills: this file comes last in the library.
const struct Script {
  Script() {
    auto& boards = fake_nvml_state()->boards;
    boards.resize(1);
    boards[0].uuid = "GPU-00112233-4455-6677-8899-aabbccddeeff";
    boards[0].counts = false;
    boards[0].milliwatts = 80'000;
    boards[0].limit_file = "limit_mw";
    auto& cuda = *fake_cuda_state();
    cuda.uuids = {{0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff}};
    cuda.on_load = [](unsigned blocks, unsigned long long) {
      fake_nvml_state()->boards[0].milliwatts = 80'000 + 30'000 * blocks;
    };
  }
} script;

}  // namespace
