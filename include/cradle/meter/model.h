// The declared model: what a server of the catalogue draws for what it does, where nothing measures it.
#pragma once

#include "cradle/catalog/catalog.h"
#include "cradle/meter/law.h"

namespace cradle::meter {

/// Energy of moving one byte, above what a part draws at rest. Estimates of this project, each good to a factor of
/// two: a drive of the NVMe class draws some 10 W more at 3 GB/s than at rest; a 100 Gbit/s card 6.5 W more at full
/// rate (the catalogue's nic-100g: 19 W less 12.5 W, over 12.5 GB/s).
inline constexpr JoulesPerByte disk_joules_per_byte{3.3e-9};
inline constexpr JoulesPerByte network_joules_per_byte{0.52e-9};

/// The record that stands for a machine of which nothing is said: "generic" if the catalogue has it, else that of
/// nodes without a GPU. Null if the catalogue has neither.
const catalog::Server* generic_server(const catalog::Catalog& catalog);
/// Logical processors of a server as configured, at least 1.
double processors_of(const catalog::Server& server, const catalog::Catalog& catalog);

/// Draw of processors that are busy for `busy_share` of their time: idle + (full - idle) x share. This is the fleet's
/// law (a socket draws its full power when used, its idle power else) with sockets in fractions. Measured SPECpower
/// curves of servers run some percent above this line in the middle.
carbon::Watts processor_power(carbon::Watts idle, carbon::Watts full, double busy_share);

}  // namespace cradle::meter
