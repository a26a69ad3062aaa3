#include "cradle/design/space.h"

#include <algorithm>
#include <cmath>

#include "cradle/base/text.h"

namespace cradle::design {

namespace {

/// Takes the last digit of `rest` in the base of an axis.
std::size_t digit(std::uint64_t& rest, std::size_t alternatives) {
  const std::size_t value = rest % alternatives;
  rest /= alternatives;
  return value;
}

/// "1e5" is how people write a volume.
std::string count_text(double count) {
  const double exponent = std::floor(std::log10(count) + 1e-12);
  const double mantissa = count / std::pow(10.0, exponent);
  if (exponent < 3 || std::abs(mantissa * 100 - std::round(mantissa * 100)) > 1e-9) return shortest(count);
  return shortest(std::round(mantissa * 100) / 100) + "e" + std::to_string(static_cast<int>(exponent));
}

/// "3 lives of 2 years", "1 life of 6 years"
std::string lives_text(double lives, carbon::Years lifetime) {
  const double rounded = std::round(lives * 1000) / 1000;
  return shortest(rounded) + (rounded == 1 ? " life of " : " lives of ") + shortest(lifetime.value()) +
         (lifetime.value() == 1 ? " year" : " years");
}

}  // namespace

std::uint64_t Space::block_points() const {
  std::uint64_t product = 1;
  for (const Block& block : blocks) product *= block.options();
  return product;
}

std::uint64_t Space::points() const {
  return merged.size() * packages.size() * fabs.size() * grids.size() * lifetimes.size() * duties.size() *
         volumes.size() * block_points();
}

Choice Space::at(std::uint64_t index) const {
  Choice choice;
  for (std::size_t b = blocks.size(); b-- > 0;) {
    choice.blocks[b].split = digit(index, blocks[b].splits.size());
    choice.blocks[b].node = digit(index, blocks[b].nodes.size());
    choice.blocks[b].reuse = digit(index, blocks[b].reuse.size());
    choice.blocks[b].product = digit(index, blocks[b].products.size());
  }
  choice.volume = digit(index, volumes.size());
  choice.duty = digit(index, duties.size());
  choice.lifetime = digit(index, lifetimes.size());
  choice.grid = digit(index, grids.size());
  choice.fab = digit(index, fabs.size());
  choice.package = digit(index, packages.size());
  choice.integration = digit(index, merged.size());
  return choice;
}

std::uint64_t Space::index_of(const Choice& choice) const {
  std::uint64_t index = choice.integration;
  index = index * packages.size() + choice.package;
  index = index * fabs.size() + choice.fab;
  index = index * grids.size() + choice.grid;
  index = index * lifetimes.size() + choice.lifetime;
  index = index * duties.size() + choice.duty;
  index = index * volumes.size() + choice.volume;
  for (std::size_t b = 0; b < blocks.size(); ++b) {
    index = index * blocks[b].products.size() + choice.blocks[b].product;
    index = index * blocks[b].reuse.size() + choice.blocks[b].reuse;
    index = index * blocks[b].nodes.size() + choice.blocks[b].node;
    index = index * blocks[b].splits.size() + choice.blocks[b].split;
  }
  return index;
}

double Space::lives(std::size_t lifetime, std::size_t duty) const {
  // The longest and busiest divides by itself.
  const double most = std::max_element(lifetimes.begin(), lifetimes.end())->value();
  return most * *std::max_element(duties.begin(), duties.end()) / (lifetimes[lifetime].value() * duties[duty]);
}

bool Space::reuses() const {
  for (const Block& block : blocks)
    if (*std::max_element(block.reuse.begin(), block.reuse.end()) > 0) return true;
  return false;
}

std::string Space::label(std::uint64_t index) const {
  const Choice choice = at(index);
  const bool one_die = merged[choice.integration];
  std::string text = one_die ? "one die: " : "";
  for (std::size_t b = 0; b < blocks.size(); ++b) {
    const Block& block = blocks[b];
    const Choice::OfBlock& of = choice.blocks[b];
    text += (b > 0 ? ", " : "") + block.name + " ";
    if (block.splits[of.split] > 1) text += shortest(block.splits[of.split]) + "x ";
    text += block.nodes[of.node]->id;
    if (block.reuse[of.reuse] > 0) text += " reuse " + shortest(block.reuse[of.reuse]);
    if (block.products[of.product] > 1) text += " shared by " + shortest(block.products[of.product]);
  }
  text += " | " + packages[choice.package]->id + " | " + fabs[choice.fab]->id;
  if (grids.size() > 1) text += " | use " + grids[choice.grid].grid->id;
  if (lifetimes.size() > 1 || duties.size() > 1)
    text += " | " + lives_text(lives(choice.lifetime, choice.duty), lifetimes[choice.lifetime]);
  if (duties.size() > 1) text += " | duty " + shortest(duties[choice.duty]);
  if (volumes.size() > 1) text += " | " + count_text(volumes[choice.volume]);
  return text;
}

}  // namespace cradle::design
