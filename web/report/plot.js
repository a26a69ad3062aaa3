// What the plots of all pages share: colours, axes, legends, whiskers, and drawing them again when the window changes.
'use strict';

const plot = (() => {
  const narrow = matchMedia('(max-width: 600px)');
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue('--' + name).trim();
  const canvas = (id) => document.querySelector('#' + id + ' canvas');

  const shorten = (text, length) => (text.length > length ? text.slice(0, length - 1) + '…' : text);
  const twoLines = (text, length) => {
    if (text.length <= length) return text;
    const space = text.lastIndexOf(' ', length);
    if (space < 1) return shorten(text, length);
    return [text.slice(0, space), shorten(text.slice(space + 1), length)];
  };
  const number = (value) => {
    if (value === 0) return '0';
    if (Math.abs(value) >= 1e7 || Math.abs(value) < 1e-4) return value.toExponential(2).replace(/\.?0*e\+?/, 'e');
    return value.toLocaleString('en', {maximumSignificantDigits: 4, useGrouping: true}).replace(/,/g, '\u202f');
  };

  const axis = (title, more) => ({
    title: {display: Boolean(title), text: title, color: colour('quiet')},
    ticks: {color: colour('quiet'), maxRotation: 0},
    grid: {color: colour('line'), drawBorder: false},
    ...more,
  });
  const valueAxis = (title, more) => {
    const made = axis(title, more);
    made.ticks = {...made.ticks, callback: (value) => number(value), maxTicksLimit: narrow.matches ? 5 : 9};
    return made;
  };
  const nameAxis = () => {
    const made = axis('', {});
    made.grid = {display: false, drawBorder: false};
    made.ticks = {
      ...made.ticks,
      color: colour('ink'),
      autoSkip: false,
      callback(value) {
        return twoLines(this.getLabelForValue(value), narrow.matches ? 16 : 32);
      },
    };
    return made;
  };
  const legend = () => ({
    position: 'top',
    align: 'start',
    labels: {color: colour('ink'), boxWidth: 12, boxHeight: 12, padding: narrow.matches ? 8 : 12},
  });
  const legendMargin = {
    id: 'legendMargin',
    beforeInit(chart) {
      const fit = chart.legend.fit;
      chart.legend.fit = function fitWithMargin() {
        fit.call(this);
        this.height += 8;
      };
    },
  };
  const options = (more) => ({animation: false, maintainAspectRatio: false, ...more});

  // Horizontal bars need room for each row.
  const fitRows = (id, rows, extra) => {
    canvas(id).parentElement.style.height = rows * 34 + extra + 'px';
  };

  // The range of each total, as a whisker on its bar.
  const whiskers = (ranges) => ({
    id: 'whiskers',
    afterDatasetsDraw(chart) {
      const pen = chart.ctx;
      const last = chart.getDatasetMeta(chart.data.datasets.length - 1).data;
      pen.save();
      pen.strokeStyle = colour('ink');
      pen.lineWidth = 1.5;
      ranges.forEach(([low, high], i) => {
        if (!(high > low)) return;
        const y = last[i].y;
        const from = chart.scales.x.getPixelForValue(low);
        const to = chart.scales.x.getPixelForValue(high);
        pen.beginPath();
        pen.moveTo(from, y);
        pen.lineTo(to, y);
        for (const x of [from, to]) {
          pen.moveTo(x, y - 4);
          pen.lineTo(x, y + 4);
        }
        pen.stroke();
      });
      pen.restore();
    },
  });

  // A line through the value that bars start from.
  const centreLine = (base) => ({
    id: 'centre',
    afterDatasetsDraw(chart) {
      const x = chart.scales.x.getPixelForValue(base);
      const pen = chart.ctx;
      pen.save();
      pen.strokeStyle = colour('ink');
      pen.lineWidth = 1.5;
      pen.beginPath();
      pen.moveTo(x, chart.chartArea.top);
      pen.lineTo(x, chart.chartArea.bottom);
      pen.stroke();
      pen.restore();
    },
  });

  // Draws `plots` (section id to a function that gives the plot) where the page has the section, again whenever the window
  // or the colours change. Returns the function that draws.
  const start = (plots) => {
    let charts = {};
    Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
    Chart.register(legendMargin);
    const draw = () => {
      Object.values(charts).forEach((chart) => chart.destroy());
      charts = {};
      for (const [id, make] of Object.entries(plots)) {
        if (canvas(id)) charts[id] = new Chart(canvas(id), make());
      }
    };
    document.documentElement.classList.add('scripted');
    const tables = document.querySelectorAll('details');
    tables.forEach((table) => { table.open = false; });
    draw();
    for (const query of [narrow, dark]) query.addEventListener('change', draw);
    // Paper shows every table, and light plots even where the screen is dark.
    let opened = [];
    addEventListener('beforeprint', () => {
      opened = [...tables].filter((table) => !table.open);
      opened.forEach((table) => { table.open = true; });
      document.documentElement.classList.add('paper');
      draw();
    });
    addEventListener('afterprint', () => {
      opened.forEach((table) => { table.open = false; });
      document.documentElement.classList.remove('paper');
      draw();
    });
    return draw;
  };

  return {narrow, colour, canvas, shorten, number, axis, valueAxis, nameAxis, legend, options, fitRows, whiskers, centreLine,
          start};
})();
