// A parallel map whose result does not depend on the number of threads: item i writes only slot i.
#pragma once

#include <cstddef>
#include <functional>

namespace cradle {

/// Calls work(i) for every i in 0 .. count-1 on `threads` threads (0: one per processor). The order of the calls is
/// free; what each call writes must be its own. An exception ends the process: work must not throw.
void parallel_for(std::size_t count, unsigned threads, const std::function<void(std::size_t)>& work);

}  // namespace cradle
