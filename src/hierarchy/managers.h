// The managers, each made by the factory in manager.cpp after the options were checked.
#pragma once

#include <memory>

#include "cradle/hierarchy/manager.h"

namespace cradle::hierarchy {

std::unique_ptr<Manager> make_exchange(const Tree& tree, const ManagerOptions& options);
std::unique_ptr<Manager> make_dynamo(const Tree& tree, const ManagerOptions& options);
std::unique_ptr<Manager> make_gradient(const Tree& tree, const ManagerOptions& options);
std::unique_ptr<Manager> make_fixed(const Tree& tree, const ManagerOptions& options);

/// A budget change, before it is taken over: error below the sum of the floors.
Result<void> check_budget(const Tree& tree, std::int32_t floor, Quanta budget);

}  // namespace cradle::hierarchy
