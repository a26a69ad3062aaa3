#include "cradle/observe/node.h"

namespace cradle::observe {

const char* to_string(Component component) {
  switch (component) {
    case Component::cpu: return "cpu";
    case Component::memory: return "memory";
    case Component::storage: return "storage";
    case Component::network: return "network";
    case Component::accelerator: return "accelerator";
    case Component::base: return "base";
  }
  return "";
}

}  // namespace cradle::observe
