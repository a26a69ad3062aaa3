// Draws the plots of a design page from its one data block. Every number in them also stands in a table of the page.
'use strict';

(() => {
  const design = JSON.parse(document.getElementById('study').textContent);
  const {narrow, colour, canvas, shorten, number, valueAxis, nameAxis, legend, options, fitRows, whiskers, centreLine} = plot;

  const titleOf = (axis) => axis.name + (axis.unit ? ', ' + axis.unit : '');
  const scaleOf = (axis, more) => {
    const made = valueAxis(titleOf(axis), {type: axis.log ? 'logarithmic' : 'linear', ...more});
    // A year is a name, not an amount.
    if (axis.name === 'year') made.ticks = {...made.ticks, callback: (value) => (Number.isInteger(value) ? String(value) : '')};
    if (axis.log) {
      // Powers of ten alone: between them labels collide.
      made.ticks = {...made.ticks, callback: (value) => (Math.abs(Math.log10(value) % 1) < 1e-9 ? number(value) : '')};
    }
    return made;
  };
  const withUnit = (value, axis) => number(value) + (axis.unit ? ' ' + axis.unit : '');

  // The scatter: two of the objectives at a time, chosen by the reader.
  const scatter = design.scatter;
  const chosen = {x: 0, y: 1};
  // The lower left edge of the front in two objectives.
  const edgeOf = (points) => {
    const edge = [];
    for (const point of [...points].sort((a, b) => a.x - b.x || a.y - b.y)) {
      if (!edge.length || point.y < edge[edge.length - 1].y) edge.push(point);
    }
    return edge;
  };
  const placed = (x, y) => scatter.front.map((point) => ({x: point.values[x], y: point.values[y], point}));
  if (scatter) {
    // The page opens on the two objectives between which there is most to choose.
    let most = 0;
    for (let x = 0; x < scatter.axes.length; ++x) {
      for (let y = x + 1; y < scatter.axes.length; ++y) {
        const count = edgeOf(placed(x, y)).length;
        if (count > most) {
          most = count;
          [chosen.x, chosen.y] = [x, y];
        }
      }
    }
    const control = document.querySelector('#scatter .control');
    for (const side of ['x', 'y']) {
      const select = control.querySelector('select[name=' + side + ']');
      scatter.axes.forEach((axis, i) => select.add(new Option(titleOf(axis), i)));
      chosen[side] = Math.min(chosen[side], scatter.axes.length - 1);
      select.value = chosen[side];
      select.addEventListener('change', () => {
        chosen[side] = Number(select.value);
        draw();
      });
    }
    control.querySelector('input').addEventListener('change', (event) => {
      scatter.axes.forEach((axis) => { axis.log = event.target.checked && axis.positive; });
      draw();
    });
    control.querySelector('input').checked = scatter.axes[0].log;
  }
  const frontPlot = () => {
    const [x, y] = [scatter.axes[chosen.x], scatter.axes[chosen.y]];
    const front = placed(chosen.x, chosen.y);
    const edge = edgeOf(front);
    return {
      type: 'scatter',
      data: {
        datasets: [
          {label: 'on the front', data: front, pointStyle: 'rectRot', radius: front.length > 400 ? 3 : 5, hoverRadius: 7,
           backgroundColor: colour('embodied'), borderColor: colour('panel'), order: 1},
          {label: 'edge', data: edge, showLine: true, stepped: 'after', radius: 0, hitRadius: 0, hoverRadius: 0,
           borderColor: colour('embodied'), borderWidth: 1.5, borderDash: [4, 3], order: 0},
          {label: 'a sample of the others',
           data: scatter.cloud.map((values) => ({x: values[chosen.x], y: values[chosen.y]})), radius: 2, hitRadius: 0,
           hoverRadius: 2, backgroundColor: colour('idle'), borderWidth: 0, order: 2},
        ],
      },
      options: options({
        scales: {x: scaleOf(x), y: scaleOf(y)},
        plugins: {
          legend: {...legend(), labels: {...legend().labels, usePointStyle: true, boxHeight: 8,
                                         filter: (item) => item.text !== 'edge'}},
          tooltip: {
            filter: (item) => item.datasetIndex === 0,
            callbacks: {
              title: (items) => (items.length ? '#' + items[0].raw.point.index : ''),
              label: ({raw}) => [...raw.point.label.split(' | '),
                                 ...scatter.axes.map((axis, i) => axis.name + ': ' + withUnit(raw.point.values[i], axis))],
            },
          },
        },
      }),
    };
  };

  const shades = (count) => Array.from({length: count}, (_, i) => colour('part-' + ((i % 10) + 1)));

  // Where lines cross: a dashed line from the axis up, its value beside it, and the bracket as a band.
  const crossings = (curve) => ({
    id: 'crossings',
    afterDatasetsDraw(chart) {
      const {ctx: pen, chartArea: area, scales: {x}} = chart;
      pen.save();
      pen.font = '12px ' + Chart.defaults.font.family;
      pen.textBaseline = 'top';
      let lastRight = -Infinity;
      let row = 0;
      for (const crossing of [...curve.crossings].sort((a, b) => a.value - b.value)) {
        const at = x.getPixelForValue(crossing.value);
        if (!(at >= area.left && at <= area.right)) continue;
        const [low, high] = [x.getPixelForValue(crossing.low), x.getPixelForValue(crossing.high)];
        if (high - low > 1) {
          pen.fillStyle = colour('idle') + '55';
          pen.fillRect(Math.max(low, area.left), area.top, Math.min(high, area.right) - Math.max(low, area.left),
                       area.bottom - area.top);
        }
        pen.strokeStyle = colour('ink');
        pen.lineWidth = 1;
        pen.setLineDash([4, 3]);
        pen.beginPath();
        pen.moveTo(at, area.top);
        pen.lineTo(at, area.bottom);
        pen.stroke();
        pen.setLineDash([]);
        const text = number(crossing.value) + (crossing.unit ? ' ' + crossing.unit : '');
        const width = pen.measureText(text).width;
        const left = Math.min(at + 5, area.right - width);
        row = left < lastRight ? row + 1 : 0;
        lastRight = left + width + 6;
        pen.strokeStyle = colour('ground');
        pen.lineWidth = 4;
        pen.strokeText(text, left, area.top + 4 + 16 * row);
        pen.fillStyle = colour('ink');
        pen.fillText(text, left, area.top + 4 + 16 * row);
      }
      pen.restore();
    },
  });
  const curvePlot = (curve) => () => {
    const colours = shades(curve.lines.length);
    return {
      type: 'line',
      data: {
        datasets: curve.lines.map((line, i) => ({
          label: line.name, data: line.x.map((value, k) => ({x: value, y: line.y[k]})), borderColor: colours[i],
          backgroundColor: colours[i], borderWidth: 2, radius: 0, hitRadius: 6, borderDash: i > 4 ? [6, 3] : [],
        })),
      },
      options: options({
        interaction: {mode: 'nearest', axis: 'x', intersect: false},
        scales: {x: scaleOf(curve.x), y: scaleOf(curve.y)},
        plugins: {
          legend: legend(),
          tooltip: {
            callbacks: {
              title: (items) => (items.length ? titleOf(curve.x) + ': ' + number(items[0].parsed.x) : ''),
              label: (item) => item.dataset.label + ': ' + withUnit(item.parsed.y, curve.y),
            },
          },
        },
      }),
      plugins: [crossings(curve)],
    };
  };

  const massUnit = (largestKg) => {
    if (largestKg >= 20000) return {size: 1000, name: 't'};
    if (largestKg >= 1) return {size: 1, name: 'kg'};
    return {size: 0.001, name: 'g'};
  };
  const billsPlot = (bills, id) => () => {
    const names = [...new Set(bills.bars.flatMap((bar) => bar.parts.map((part) => part.name)))];
    const colours = shades(names.length);
    const unit = massUnit(Math.max(...bills.bars.map((bar) => bar.high)));
    fitRows(id, bills.bars.length, (narrow.matches ? 120 : 90) + 24 * Math.ceil(names.length / (narrow.matches ? 2 : 6)));
    const amount = (bar, name) => bar.parts.filter((part) => part.name === name).reduce((sum, part) => sum + part.value, 0);
    return {
      type: 'bar',
      data: {
        labels: bills.bars.map((bar) => bar.name),
        datasets: names.map((name, i) => ({
          label: name, data: bills.bars.map((bar) => amount(bar, name) / unit.size), backgroundColor: colours[i],
          barPercentage: 0.75,
        })),
      },
      options: options({
        indexAxis: 'y',
        scales: {
          x: valueAxis(unit.name + 'CO₂e', {stacked: true, suggestedMax: Math.max(...bills.bars.map((bar) => bar.high)) / unit.size}),
          y: {...nameAxis(), stacked: true},
        },
        plugins: {
          legend: legend(),
          tooltip: {callbacks: {label: (item) => item.dataset.label + ': ' + number(item.raw) + ' ' + unit.name + 'CO₂e'}},
        },
      }),
      plugins: [whiskers(bills.bars.map((bar) => [bar.low / unit.size, bar.high / unit.size]))],
    };
  };

  const tornadoPlot = (tornado, id) => () => {
    const {bars, value} = tornado;
    const most = narrow.matches ? 16 : 32;
    fitRows(id, bars.length, 110);
    const bar = (key, label, name) => ({
      label,
      data: bars.map((b) => [Math.min(value, b[key]), Math.max(value, b[key])]),
      ends: bars.map((b) => b[key]),
      backgroundColor: colour(name),
      grouped: false,
      barPercentage: 0.7,
    });
    return {
      type: 'bar',
      data: {
        // What tells coefficients apart stands at the end of their names.
        labels: bars.map(({coefficient: name}) => (name.length > most ? '…' + name.slice(1 - most) : name)),
        datasets: [bar('at_low', 'coefficient at its low end', 'cpu'), bar('at_high', 'coefficient at its high end', 'embodied')],
      },
      options: options({
        indexAxis: 'y',
        scales: {x: valueAxis(titleOf(tornado.axis), {grace: '5%', beginAtZero: false}), y: nameAxis()},
        plugins: {
          legend: legend(),
          tooltip: {
            callbacks: {label: (item) => item.dataset.label + ': ' + withUnit(item.dataset.ends[item.dataIndex], tornado.axis)},
          },
        },
      }),
      plugins: [centreLine(value)],
    };
  };

  // A click on a head sorts the table by that column, a second one the other way round.
  const sortable = (table) => {
    const body = table.tBodies[0];
    const key = (cell) => {
      const value = Number(cell.textContent.replace(/[^0-9.eE+-]/g, ''));
      return cell.classList.contains('n') && !Number.isNaN(value) ? value : cell.textContent;
    };
    [...table.tHead.rows[0].cells].forEach((head, column) => {
      let direction = 1;
      const sort = () => {
        const rows = [...body.rows];
        rows.sort((a, b) => {
          const [p, q] = [key(a.cells[column]), key(b.cells[column])];
          return direction * (typeof p === 'number' && typeof q === 'number' ? p - q : String(p).localeCompare(String(q)));
        });
        direction = -direction;
        body.append(...rows);
      };
      head.tabIndex = 0;
      head.title = 'sort by ' + shorten(head.textContent, 40);
      head.addEventListener('click', sort);
      head.addEventListener('keydown', (event) => { if (event.key === 'Enter') sort(); });
    });
    table.classList.add('sortable');
  };
  const frontTable = document.querySelector('#scatter table');
  if (frontTable && frontTable.tHead) sortable(frontTable);

  const plots = {};
  if (scatter) plots.scatter = frontPlot;
  design.curves.forEach((curve, i) => { plots['curve-' + i] = curvePlot(curve); });
  design.bills.forEach((bills, i) => { plots['bills-' + i] = billsPlot(bills, 'bills-' + i); });
  design.tornados.forEach((tornado, i) => { plots['tornado-' + i] = tornadoPlot(tornado, 'tornado-' + i); });
  const draw = plot.start(plots);
})();
