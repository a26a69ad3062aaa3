find_package(nlohmann_json REQUIRED)
cradle_room_libraries(report nlohmann_json::nlohmann_json)

# The pages open without a network: their style, their scripts and the plot library (Debian's libjs-chart.js,
# Chart.js 3.9.1, MIT) are inside the binary and inside every page.
find_file(CRADLE_CHART_JS chart.min.js PATHS /usr/share/javascript/chart.js REQUIRED NO_DEFAULT_PATH)
cradle_embed(room_report cradle_report_page ${CMAKE_SOURCE_DIR}/web/report/page.html)
cradle_embed(room_report cradle_report_style ${CMAKE_SOURCE_DIR}/web/report/style.css)
cradle_embed(room_report cradle_report_plot ${CMAKE_SOURCE_DIR}/web/report/plot.js)
cradle_embed(room_report cradle_design_script ${CMAKE_SOURCE_DIR}/web/report/design.js)
cradle_embed(room_report cradle_report_script ${CMAKE_SOURCE_DIR}/web/report/report.js)
cradle_embed(room_report cradle_report_chart_licence ${CMAKE_SOURCE_DIR}/web/report/chart-licence.txt)
cradle_embed(room_report cradle_report_chart ${CRADLE_CHART_JS})
