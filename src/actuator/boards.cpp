// Power limits of NVIDIA boards.
#include "cradle/meter/gpu_limit.h"
#include "port.h"

namespace cradle::actuator {

namespace {

constexpr std::int64_t microwatts_each = 1000;

class BoardPort : public Port {
 public:
  BoardPort(std::shared_ptr<const meter::GpuLimits> limits, const meter::GpuLimit& board, const std::string& library)
      : limits_(std::move(limits)), uuid_(board.uuid) {
    device_.name = "nvml:" + board.uuid;
    device_.interface = "nvml";
    device_.path = board_target(board.uuid, library);
    // A library by another name is somebody's stand-in for the driver's.
    device_.known =
        std::filesystem::path(library).filename() == OwnerOptions().nvml_library ? Known::real : Known::simulated;
    device_.range = {{Unit::microwatts, board.lowest_mw * microwatts_each},
                     {Unit::microwatts, board.highest_mw * microwatts_each},
                     microwatts_each,
                     false};
    if (!board.name.empty()) device_.notes.push_back(board.name);
    if (board.default_mw > 0)
      device_.notes.push_back("the driver's own limit is " + to_string({Unit::microwatts, board.default_mw * 1000}));
  }

  Result<std::vector<Write>> saved() override {
    const auto board = limits_->board(uuid_);
    if (!board) return board.error();
    return std::vector<Write>{{device_.path, std::to_string(board->limit_mw)}};
  }
  Result<Level> stated() override {
    const auto board = limits_->board(uuid_);
    if (!board) return board.error();
    return Level{Unit::microwatts, board->limit_mw * microwatts_each, false};
  }
  std::vector<Write> plan(const Level& level) override {
    return {{device_.path, std::to_string(level.amount / microwatts_each)}};
  }

 private:
  std::shared_ptr<const meter::GpuLimits> limits_;  ///< keeps the library loaded between writes
  std::string uuid_;
};

}  // namespace

Listed list_boards(const OwnerOptions& options) {
  auto opened = meter::GpuLimits::open(options.nvml_library);
  if (!opened) return opened.error();
  const auto limits = std::make_shared<const meter::GpuLimits>(std::move(*opened));
  const auto boards = limits->boards();
  if (!boards) return boards.error();
  std::vector<std::unique_ptr<Port>> ports;
  for (const meter::GpuLimit& board : *boards)
    ports.push_back(std::make_unique<BoardPort>(limits, board, options.nvml_library));
  return ports;
}

}  // namespace cradle::actuator
