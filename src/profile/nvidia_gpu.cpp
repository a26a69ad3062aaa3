#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <set>
#include <thread>
#include <vector>

#include "cradle/meter/gpu_board.h"
#include "cradle/profile/gpu_load.h"
#include "cuda_driver.h"
#include "kernel_text.h"

namespace cradle::profile {

namespace {

using carbon::Joules;
using carbon::Seconds;
using carbon::Watts;

constexpr int oldest_capability = 7;  // Volta: what the kernel is written for
constexpr int most_multiprocessors = 4096;

/// "GPU-01234567-89ab-...": as the management library writes a device's UUID.
std::string uuid_text(const CudaDriver::Uuid& uuid) {
  constexpr const char* digits = "0123456789abcdef";
  std::string text = "GPU-";
  for (std::size_t i = 0; i < std::size(uuid.bytes); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += digits[uuid.bytes[i] >> 4];
    text += digits[uuid.bytes[i] & 15];
  }
  return text;
}

class NvidiaGpu : public LoadedGpu {
 public:
  NvidiaGpu(const GpuOptions& options, meter::GpuBoards boards, std::shared_ptr<const CudaDriver> cuda)
      : options_(options), boards_(std::move(boards)), cuda_(std::move(cuda)) {}
  NvidiaGpu(const NvidiaGpu&) = delete;
  NvidiaGpu& operator=(const NvidiaGpu&) = delete;
  ~NvidiaGpu() override {
    if (running_) cuda_->synchronise();
    if (report_) cuda_->release(report_);
    if (module_) cuda_->module_unload(module_);
    if (context_) cuda_->context_destroy(context_);
  }

  Result<void> open() {
    const auto boards = boards_.boards();
    if (!boards) return boards.error();
    if (options_.device < 0 || options_.device >= static_cast<int>(boards->size()))
      return missing_data("there is no GPU " + std::to_string(options_.device), options_.management_library,
                          "the driver sees " + std::to_string(boards->size()) + ", counted from 0: `nvidia-smi -L`");
    const meter::GpuBoard& board = (*boards)[static_cast<std::size_t>(options_.device)];
    if (board.partitioned)
      return missing_data("GPU " + std::to_string(options_.device) + " is partitioned", board.uuid,
                          "a profile needs the whole board: choose one whose multi-instance mode is off");
    facts_.name = board.name;
    facts_.uuid = board.uuid;
    facts_.driver = board.driver;
    facts_.limit = Watts{static_cast<double>(board.limit_mw) / 1000};
    facts_.default_limit = Watts{static_cast<double>(board.default_limit_mw) / 1000};
    return open_device();
  }

  const GpuFacts& facts() const override { return facts_; }

  Result<GpuSample> sample() override {
    const auto moment = boards_.read(facts_.uuid);
    if (!moment) return moment.error();
    GpuSample sample;
    sample.at = options_.now();
    if (moment->millijoules) sample.energy = Joules{static_cast<double>(*moment->millijoules) / 1000};
    if (moment->milliwatts) sample.power = Watts{static_cast<double>(*moment->milliwatts) / 1000};
    sample.megahertz = moment->megahertz;
    return sample;
  }

  Result<void> start(int multiprocessors, Seconds duration) override {
    const auto blocks = static_cast<unsigned>(std::clamp(multiprocessors, 1, facts_.multiprocessors));
    blocks_ = blocks;
    if (const int status = cuda_->fill(report_, 0, report_bytes()); status) return refused("clear", status);
    auto nanoseconds = static_cast<unsigned long long>(duration.value() * 1e9);
    std::array<void*, 2> parameters = {&report_, &nanoseconds};
    // One block on each multiprocessor: the device's scheduler fills those that have none first.
    const int status =
        cuda_->launch(function_, blocks, 1, 1, kernel_threads, 1, 1, 0, nullptr, parameters.data(), nullptr);
    if (status) return refused("start", status);
    running_ = true;
    return {};
  }

  Result<LoadDone> finish() override {
    running_ = false;
    if (const int status = cuda_->synchronise(); status) return refused("run", status);
    std::vector<std::uint64_t> words(std::size_t{blocks_} * words_per_block);
    if (const int status = cuda_->to_host(words.data(), report_, words.size() * sizeof(words[0])); status)
      return refused("report", status);
    LoadDone done;
    std::set<std::uint64_t> different;
    for (std::size_t block = 0; block < blocks_; ++block) {
      done.operations += static_cast<double>(words[block * words_per_block]) * operations_per_turn;
      different.insert(words[block * words_per_block + 1]);
    }
    done.multiprocessors = static_cast<int>(different.size());
    return done;
  }

  void wait(Seconds duration) override { options_.wait(duration); }

 private:
  std::size_t report_bytes() const {
    return static_cast<std::size_t>(facts_.multiprocessors) * words_per_block * sizeof(std::uint64_t);
  }

  Error refused(const std::string& what, int status) const {
    return failure("the load does not " + what + ": " + cuda_->text(status), facts_.uuid,
                   "look whether another process holds the board: `nvidia-smi`");
  }

  /// The driver counts devices in its own order: the UUID says which is the board.
  Result<int> find_device() const {
    int count = 0;
    if (const int status = cuda_->count(&count); status) return refused("find a device", status);
    for (int index = 0; index < count; ++index) {
      int device = 0;
      CudaDriver::Uuid uuid{};
      if (cuda_->device(&device, index) || cuda_->uuid(&uuid, device)) continue;
      if (uuid_text(uuid) == facts_.uuid) return device;
    }
    return missing_data("the CUDA driver does not see the board", facts_.uuid,
                        "look at CUDA_VISIBLE_DEVICES: it may hide it");
  }

  Result<void> open_device() {
    const auto device = find_device();
    if (!device) return device.error();
    int major = 0, minor = 0;
    if (cuda_->attribute(&facts_.multiprocessors, CudaDriver::multiprocessors, *device) ||
        cuda_->attribute(&major, CudaDriver::capability_major, *device) ||
        cuda_->attribute(&minor, CudaDriver::capability_minor, *device) || facts_.multiprocessors < 1 ||
        facts_.multiprocessors > most_multiprocessors)
      return failure("the driver does not say how many multiprocessors it has", facts_.uuid, "update the driver");
    facts_.compute_capability = std::to_string(major) + "." + std::to_string(minor);
    if (major < oldest_capability)
      return missing_data("it has compute capability " + facts_.compute_capability, facts_.uuid,
                          "the load is for 7.0 (Volta) and later");
    if (const int status = cuda_->context_create(&context_, CudaDriver::blocking_wait, *device); status)
      return refused("open the device", status);
    if (const int status = cuda_->module_load(&module_, kernel_text().c_str()); status)
      return refused("compile", status);
    if (const int status = cuda_->function(&function_, module_, kernel_name); status) return refused("load", status);
    if (const int status = cuda_->allocate(&report_, report_bytes()); status) return refused("get memory", status);
    return {};
  }

  GpuOptions options_;
  meter::GpuBoards boards_;
  std::shared_ptr<const CudaDriver> cuda_;
  GpuFacts facts_;
  CudaDriver::Context context_ = nullptr;
  CudaDriver::Module module_ = nullptr;
  CudaDriver::Function function_ = nullptr;
  CudaDriver::Pointer report_ = 0;
  unsigned blocks_ = 0;
  bool running_ = false;
};

}  // namespace

Result<std::unique_ptr<LoadedGpu>> open_nvidia_gpu(const GpuOptions& options) {
  GpuOptions complete = options;
  if (!complete.now)
    complete.now = [] {
      return Seconds{std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count()};
    };
  if (!complete.wait)
    complete.wait = [](Seconds duration) {
      std::this_thread::sleep_for(std::chrono::duration<double>(duration.value()));
    };
  auto boards = meter::GpuBoards::open(options.management_library);
  if (!boards) return std::move(boards).error();
  auto cuda = CudaDriver::load(options.driver_library);
  if (!cuda) return std::move(cuda).error();
  auto gpu = std::make_unique<NvidiaGpu>(complete, *std::move(boards), *std::move(cuda));
  if (auto opened = gpu->open(); !opened) return opened.error();
  return Result<std::unique_ptr<LoadedGpu>>(std::move(gpu));
}

}  // namespace cradle::profile
