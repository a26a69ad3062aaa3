#include "cradle/design/pareto.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <utility>

namespace cradle::design {

/// One implementation for each number of objectives, so that its loops have a known length.
struct ParetoFront::State {
  explicit State(std::size_t count) : objectives(count) {}
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  virtual ~State() = default;

  virtual bool add(std::span<const double> rows, std::span<const std::uint64_t> indices) = 0;
  /// Precondition: `other` has as many objectives.
  virtual void merge(State& other) = 0;
  virtual void settle() = 0;
  virtual std::size_t held() const = 0;
  /// The front, in any order. It compares what is held back, but shows no other front than before.
  virtual std::vector<FrontPoint> points() = 0;

  const std::size_t objectives;
};

namespace {

template <std::size_t D>
struct Point {
  std::array<double, D> values;
  std::uint64_t index;
};

/// True if `a` makes `b` superfluous: it is better, or equal and of a lower (or the same) index.
template <std::size_t D>
bool covers(const Point<D>& a, const Point<D>& b) {
  bool less = false;
  for (std::size_t k = 0; k < D; ++k) {
    if (a.values[k] > b.values[k]) return false;
    less |= a.values[k] < b.values[k];
  }
  return less || a.index <= b.index;
}

template <std::size_t D>
bool at_most(const std::array<double, D>& a, const std::array<double, D>& b) {
  for (std::size_t k = 0; k < D; ++k)
    if (a[k] > b[k]) return false;
  return true;
}

/// Members that lie close together, and the least value of any of them in each objective.
template <std::size_t D>
struct Group {
  std::array<double, D> least;
  std::size_t begin = 0, end = 0;
};

/// Points none of which covers another, in groups.
template <std::size_t D>
class Groups {
 public:
  std::vector<Point<D>> members;

  /// Orders the members anew: halves at the median of one axis after the other, down to a handful.
  void arrange() {
    groups_.clear();
    if (!members.empty()) halve(0, members.size(), 0);
    recent_.fill(0);
  }

  bool cover(const Point<D>& point) {
    // What covered the last points often covers the next.
    for (std::size_t r = 0; r < recent_.size() && r < members.size(); ++r)
      if (covers(members[recent_[r]], point)) {
        if (r > 0) std::swap(recent_[r], recent_[r - 1]);
        return true;
      }
    for (const Group<D>& group : groups_) {
      if (!at_most(group.least, point.values)) continue;
      for (std::size_t i = group.begin; i < group.end; ++i)
        if (covers(members[i], point)) {
          recent_.back() = i;
          return true;
        }
    }
    return false;
  }

  /// Takes out the members that one of `others` covers.
  void remove_covered(Groups& others) {
    std::erase_if(members, [&](const Point<D>& point) { return others.cover(point); });
  }

 private:
  static constexpr std::size_t handful = 16;

  void halve(std::size_t begin, std::size_t end, std::size_t axis) {
    if (end - begin > handful) {
      const std::size_t middle = begin + (end - begin) / 2;
      const auto at = [&](std::size_t i) { return members.begin() + static_cast<std::ptrdiff_t>(i); };
      std::nth_element(at(begin), at(middle), at(end),
                       [axis](const Point<D>& a, const Point<D>& b) { return a.values[axis] < b.values[axis]; });
      halve(begin, middle, (axis + 1) % D);
      halve(middle, end, (axis + 1) % D);
      return;
    }
    Group<D> group{members[begin].values, begin, end};
    for (std::size_t i = begin + 1; i < end; ++i)
      for (std::size_t k = 0; k < D; ++k) group.least[k] = std::min(group.least[k], members[i].values[k]);
    groups_.push_back(group);
  }

  std::vector<Group<D>> groups_;
  std::array<std::size_t, 8> recent_{};
};

template <std::size_t D>
class Front final : public ParetoFront::State {
 public:
  Front() : State(D) {}

  bool add(std::span<const double> rows, std::span<const std::uint64_t> indices) override {
    Point<D> point;
    for (std::size_t i = 0; i < indices.size(); ++i) {
      double sum = 0;
      for (std::size_t k = 0; k < D; ++k) {
        point.values[k] = rows[i * D + k];
        sum += point.values[k] - point.values[k];  // 0, or NaN if the value is not finite
      }
      if (!(sum == 0)) return false;
      point.index = indices[i];
      offer(point);
    }
    return true;
  }

  void merge(State& other) override {
    other.settle();
    for (const Point<D>& point : static_cast<Front&>(other).front_.members) offer(point);
  }

  std::size_t held() const override { return front_.members.size() + waiting_.size(); }

  std::vector<FrontPoint> points() override {
    settle();
    std::vector<FrontPoint> list;
    list.reserve(front_.members.size());
    for (const Point<D>& point : front_.members)
      list.push_back({point.index, std::vector<double>(point.values.begin(), point.values.end())});
    return list;
  }

  /// Compares what waits with itself and the front.
  void settle() override {
    if (waiting_.empty()) return;
    // Whatever covers a point comes before it in this order: it is the lesser where they first differ, or equal with
    // a lower index.
    std::sort(waiting_.begin(), waiting_.end(), [](const Point<D>& a, const Point<D>& b) {
      return a.values != b.values ? a.values < b.values : a.index < b.index;
    });
    Groups<D> fresh;
    std::vector<Point<D>> last;  // of `fresh`, not in a group yet
    for (const Point<D>& point : waiting_) {
      if (fresh.cover(point)) continue;
      if (std::any_of(last.begin(), last.end(), [&](const Point<D>& other) { return covers(other, point); })) continue;
      last.push_back(point);
      if (last.size() == chunk) {
        fresh.members.insert(fresh.members.end(), last.begin(), last.end());
        fresh.arrange();
        last.clear();
      }
    }
    fresh.members.insert(fresh.members.end(), last.begin(), last.end());
    fresh.arrange();
    waiting_.clear();
    front_.remove_covered(fresh);
    front_.members.insert(front_.members.end(), fresh.members.begin(), fresh.members.end());
    front_.arrange();
  }

 private:
  static constexpr std::size_t batch = 4096;
  static constexpr std::size_t chunk = 256;

  void offer(const Point<D>& point) {
    if (front_.cover(point)) return;
    waiting_.push_back(point);
    if (waiting_.size() >= batch) settle();
  }

  Groups<D> front_;
  std::vector<Point<D>> waiting_;
};

std::unique_ptr<ParetoFront::State> make(std::size_t objectives) {
  switch (objectives) {
    case 1: return std::make_unique<Front<1>>();
    case 2: return std::make_unique<Front<2>>();
    case 3: return std::make_unique<Front<3>>();
    case 4: return std::make_unique<Front<4>>();
    case 5: return std::make_unique<Front<5>>();
    case 6: return std::make_unique<Front<6>>();
    case 7: return std::make_unique<Front<7>>();
    default: return std::make_unique<Front<8>>();
  }
}

}  // namespace

ParetoFront::ParetoFront(std::size_t objectives) : state_(make(objectives)) {}
ParetoFront::ParetoFront(ParetoFront&&) noexcept = default;
ParetoFront& ParetoFront::operator=(ParetoFront&&) noexcept = default;
ParetoFront::~ParetoFront() = default;

bool ParetoFront::add(std::span<const double> rows, std::span<const std::uint64_t> indices) {
  return state_->add(rows, indices);
}

void ParetoFront::merge(const ParetoFront& other) {
  if (&other != this) state_->merge(*other.state_);
}

void ParetoFront::settle() { state_->settle(); }

std::size_t ParetoFront::objectives() const { return state_->objectives; }
std::size_t ParetoFront::held() const { return state_->held(); }

std::vector<FrontPoint> ParetoFront::points() const {
  std::vector<FrontPoint> list = state_->points();
  std::sort(list.begin(), list.end(), [](const FrontPoint& a, const FrontPoint& b) { return a.values < b.values; });
  return list;
}

Result<std::vector<FrontPoint>> pareto_front(std::span<const std::vector<double>> points) {
  const std::size_t objectives = points.empty() ? 1 : points.front().size();
  if (objectives < 1 || objectives > most_objectives)
    return bad_input(std::to_string(objectives) + " objectives", "point 0",
                     "give 1 to " + std::to_string(most_objectives) + " values for each point");
  ParetoFront front(objectives);
  for (std::size_t i = 0; i < points.size(); ++i) {
    const std::string where = "point " + std::to_string(i);
    if (points[i].size() != objectives)
      return bad_input(
          std::to_string(points[i].size()) + " values, the points before it have " + std::to_string(objectives), where,
          "give each point the same objectives");
    const std::uint64_t index = i;
    if (!front.add(points[i], std::span(&index, 1)))
      return bad_input("a value is NaN or infinite", where, "take the point out, or correct it");
  }
  return front.points();
}

}  // namespace cradle::design
