# CBC and CLP (EPL-2.0), Debian's coinor-libcbc-dev. The order is that of their dependence.
find_path(COIN_INCLUDE coin/CbcModel.hpp REQUIRED)
set(coin_libraries "")
foreach(name Cbc Cgl OsiClp Clp Osi CoinUtils)
  find_library(COIN_${name} ${name} REQUIRED)
  list(APPEND coin_libraries ${COIN_${name}})
endforeach()
cradle_room_libraries(solve ${coin_libraries})
