// What ESP's accelerators folder says of its blocks: accelerators/FLOW/NAME/hw/ with NAME.xml and memlist.txt.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/carbon/estimate.h"

namespace cradle::soc {

/// A private local memory: one line of memlist.txt, "name words width" and one word for each way in which its ports are
/// used at once ("1w:0r", "0w:2r"; a "u" behind a number: in a pattern that is not known).
struct PlmMemory {
  std::string name;
  std::int64_t words = 0;
  std::int64_t width = 0;  ///< bits
  std::int64_t reads = 1;  ///< most at once, over all ways of use; at least 1
  std::int64_t writes = 1;
  std::size_t line = 0;

  /// Count of bits. Value and low: as declared, its words spread over banks; high: a copy for every read at once, as
  /// banks that are read in any pattern need.
  carbon::Estimate<double> bits() const;
};

/// Blank lines and what follows "#" or "//" are passed over. bad_input with the line on a wrong number of fields, words
/// or width that are not whole and positive (words to 2^40, width to 2^20), ports of another form, more than 1024, or
/// that neither write nor read, a name twice.
Result<std::vector<PlmMemory>> parse_memory_list(std::string_view text, const std::string& source);

/// NAME.xml: one <accelerator> with attributes, and its <param>s.
struct AcceleratorRecord {
  using Attributes = std::vector<std::pair<std::string, std::string>>;
  std::string name;
  std::string description;
  std::optional<double> data_size_mb;  ///< of its data in memory, 10^6 or 2^20 bytes: ESP does not say which
  std::string device_id;               ///< hexadecimal
  std::string hls_tool;
  Attributes attributes;  ///< all, in the order of the file
  std::vector<Attributes> parameters;
};

/// A strict reader of elements with attributes: no text but blanks, no entity but the five of XML, no document type.
/// bad_input with the line on anything else, elements that are not closed in order or nest deeper than 16, an attribute
/// twice, no accelerator or several, one without a name.
Result<AcceleratorRecord> parse_accelerator_xml(std::string_view text, const std::string& source);

struct Accelerator {
  std::string flow, folder;  ///< accelerators/FLOW/FOLDER/hw
  std::optional<AcceleratorRecord> record;
  std::optional<std::vector<PlmMemory>> memories;
};

/// In order of flow and folder. A block with neither file is left out. missing_data if there is no such folder or no
/// block in it; bad_input as the readers above, and where a record's name is another than its folder's (either may end
/// in
/// "_" and the flow's first word).
Result<std::vector<Accelerator>> read_accelerators(const std::filesystem::path& folder);

/// The block that a tile's ip names, letters of either case: the folder itself, or folder + "_" + the flow's first word
/// ("fft2" of stratus_hls is FFT2_STRATUS). Null if there is none.
const Accelerator* find_accelerator(std::span<const Accelerator> accelerators, std::string_view ip);

/// Count of bits of all its memories for a tile with this design point. A memory whose name ends in "dmaN" counts only
/// for links of N bits: those of the point ("basic_fx32_dma64"), or `dma_width` where the point says none.
carbon::Estimate<double> plm_bits(std::span<const PlmMemory> memories, std::string_view point,
                                  std::optional<std::uint32_t> dma_width);

}  // namespace cradle::soc
