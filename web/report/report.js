// Draws the plots of the page from its one data block. Every number in them also stands in a table of the page.
'use strict';

(() => {
  const study = JSON.parse(document.getElementById('study').textContent);
  const {narrow, colour, canvas, shorten, number, axis, valueAxis, nameAxis, legend, options, fitRows, whiskers, centreLine} = plot;

  // Masses arrive in kg. One plot has one unit.
  const massUnit = (largestKg) => {
    if (largestKg >= 2000) return {size: 1000, name: 't'};
    if (largestKg >= 2) return {size: 1, name: 'kg'};
    return {size: 0.001, name: 'g'};
  };
  const timeUnit = (longest) => {
    if (longest >= 7200) return {size: 3600, name: 'h'};
    if (longest >= 120) return {size: 60, name: 'min'};
    return {size: 1, name: 's'};
  };
  const massTooltip = (unit) => ({
    callbacks: {label: (item) => item.dataset.label + ': ' + number(item.raw) + ' ' + unit.name + 'CO₂e'},
  });

  const sources = [
    ['gpu_operational_kg', 'GPU, operational', 'gpu'],
    ['cpu_operational_kg', 'processors and hosts, operational', 'cpu'],
    ['memory_operational_kg', 'memory, operational', 'memory'],
    ['idle_operational_kg', 'idle, operational', 'idle'],
    ['embodied_kg', 'embodied, attributed to jobs', 'embodied'],
    ['idle_embodied_kg', 'embodied, idle', 'idle-embodied'],
  ];

  const stepLabels = (count) => {
    const start = Date.parse(study.period.from);
    return Array.from({length: count}, (_, i) => {
      const iso = new Date(start + i * study.step_hours * 3600e3).toISOString();
      return study.step_hours < 24 ? iso.slice(0, 16).replace('T', ' ') : iso.slice(0, 10);
    });
  };

  const overTime = (policy) => {
    const series = policy.over_time;
    const count = series.embodied_kg.length;
    const sums = Array.from({length: count}, (_, i) => sources.reduce((sum, [key]) => sum + series[key][i], 0));
    const unit = massUnit(Math.max(...sums));
    const step = study.step_hours === 24 ? 'day' : 'step of ' + study.step_hours + ' h';
    return {
      type: 'line',
      data: {
        labels: stepLabels(count),
        datasets: sources.map(([key, label, name]) => ({
          label,
          data: series[key].map((kg) => kg / unit.size),
          backgroundColor: colour(name),
          borderColor: colour('panel'),
          borderWidth: 0.5,
          pointRadius: 0,
          pointHitRadius: 8,
          fill: 'stack',
        })),
      },
      options: options({
        interaction: {mode: 'index', intersect: false},
        scales: {
          x: axis('', {grid: {display: false}, ticks: {color: colour('quiet'), maxRotation: 0,
                                                      maxTicksLimit: narrow.matches ? 4 : 10}}),
          y: valueAxis(unit.name + 'CO₂e per ' + step, {stacked: true, beginAtZero: true}),
        },
        plugins: {legend: legend(), tooltip: massTooltip(unit)},
      }),
    };
  };

  const perPolicy = () => {
    const policies = study.policies;
    const unit = massUnit(Math.max(...policies.map((p) => p.total_high_kg)));
    const parts = [
      ['operational_kg', 'operational', 'gpu'],
      ['embodied_kg', 'embodied', 'embodied'],
      ['idle_operational_kg', 'idle, operational', 'idle'],
      ['idle_embodied_kg', 'idle, embodied', 'idle-embodied'],
    ];
    fitRows('policies', policies.length, narrow.matches ? 150 : 110);
    return {
      type: 'bar',
      data: {
        labels: policies.map((p) => p.name),
        datasets: parts.map(([key, label, name]) => ({
          label,
          data: policies.map((p) => p[key] / unit.size),
          backgroundColor: colour(name),
          barPercentage: 0.75,
        })),
      },
      options: options({
        indexAxis: 'y',
        scales: {
          x: valueAxis(unit.name + 'CO₂e',
                       {stacked: true, suggestedMax: Math.max(...policies.map((p) => p.total_high_kg)) / unit.size}),
          y: {...nameAxis(), stacked: true},
        },
        plugins: {legend: legend(), tooltip: massTooltip(unit)},
      }),
      plugins: [whiskers(policies.map((p) => [p.total_low_kg / unit.size, p.total_high_kg / unit.size]))],
    };
  };

  // Names beside their points, each in the nearest free place that hides no point and no other name. In a narrow window,
  // or where one of them finds no place, each point carries its rank instead and a list below the plot names them.
  const pointNames = {
    id: 'pointNames',
    afterDatasetsDraw(chart) {
      const pen = chart.ctx;
      const area = chart.chartArea;
      const height = 15;
      const points = chart.data.datasets.flatMap((set, index) => set.showLine ? [] :
        chart.getDatasetMeta(index).data.map((at, i) => ({x: at.x, y: at.y, name: set.data[i].name, rank: set.data[i].rank})));
      const boxesFor = (textOf) => {
        const taken = points.map(({x, y}) => ({left: x - 8, right: x + 8, top: y - 8, bottom: y + 8}));
        const free = (box) => box.left >= area.left && box.right <= area.right + 10 && box.top >= area.top &&
          box.bottom <= area.bottom && !taken.some((other) => box.left < other.right && other.left < box.right &&
                                                              box.top < other.bottom && other.top < box.bottom);
        return points.map((point) => {
          const text = textOf(point);
          const width = pen.measureText(text).width;
          const place = (dx, dy) => {
            const left = point.x + (dx > 0 ? dx : dx < 0 ? dx - width : -width / 2);
            return {text, left, right: left + width, top: point.y + dy - height / 2, bottom: point.y + dy + height / 2, dy};
          };
          const places = [place(11, 0), place(-11, 0)];
          for (let away = 16; away <= 100; away += 7) {
            for (const dx of [11, 0, -11]) places.push(place(dx, -away), place(dx, away));
          }
          const box = places.find(free);
          if (box) taken.push(box);
          return box;
        });
      };
      pen.save();
      pen.font = '12px ' + Chart.defaults.font.family;
      pen.textBaseline = 'middle';
      let boxes = narrow.matches ? [undefined] : boxesFor((point) => shorten(point.name, 30));
      const numbered = boxes.includes(undefined);
      if (numbered) boxes = boxesFor((point) => String(point.rank));
      chart.canvas.parentElement.nextElementSibling.hidden = !numbered;
      boxes.forEach((box, i) => {
        if (!box) return;
        const point = points[i];
        if (Math.abs(box.dy) > 21) {
          pen.strokeStyle = colour('quiet');
          pen.lineWidth = 0.75;
          pen.beginPath();
          pen.moveTo(point.x, point.y);
          pen.lineTo(Math.min(Math.max(point.x, box.left), box.right), box.dy > 0 ? box.top : box.bottom);
          pen.stroke();
        }
        // A halo keeps the name legible where a line runs through it.
        const y = (box.top + box.bottom) / 2;
        pen.strokeStyle = colour('ground');
        pen.lineWidth = 4;
        pen.strokeText(box.text, box.left, y);
        pen.fillStyle = colour('ink');
        pen.fillText(box.text, box.left, y);
      });
      pen.restore();
    },
  };

  // The names behind the numbers, least carbon first; it stands between the plot and its caption.
  const rankList = (points) => {
    const plot = canvas('pareto').parentElement;
    if (!plot.nextElementSibling.matches('ol')) plot.after(document.createElement('ol'));
    const list = plot.nextElementSibling;
    list.className = 'ranks';
    list.hidden = true;
    list.replaceChildren(...points.map((point) => {
      const item = document.createElement('li');
      item.textContent = point.name;
      return item;
    }));
  };

  const pareto = () => {
    const byWait = study.pareto_service === 'wait_mean_s';
    const unit = massUnit(Math.max(...study.policies.map((p) => p.total_kg)));
    const time = timeUnit(Math.max(...study.policies.map((p) => p.wait_mean_s)));
    const points = study.policies.map((p) => ({
      x: byWait ? p.wait_mean_s / time.size : p.allocation_percent,
      y: p.total_kg / unit.size,
      name: p.name,
      front: p.on_pareto_front,
    })).sort((a, b) => a.y - b.y);
    points.forEach((point, i) => { point.rank = i + 1; });
    rankList(points);
    const front = points.filter((p) => p.front).sort((a, b) => a.x - b.x);
    const mark = (label, chosen, name, pointStyle) => ({
      label, data: chosen, pointStyle, radius: 6, hoverRadius: 7, clip: 10, backgroundColor: colour(name),
      borderColor: colour('panel'),
    });
    return {
      type: 'scatter',
      data: {
        datasets: [
          mark('on the Pareto front', front, 'gpu', 'rectRot'),
          mark('another policy is better in both', points.filter((p) => !p.front), 'idle', 'circle'),
          {label: 'front', data: front, showLine: true, stepped: byWait ? 'before' : 'after', radius: 0, hitRadius: 0, hoverRadius: 0,
           borderColor: colour('gpu'), borderWidth: 1.5, borderDash: [4, 3]},
        ],
      },
      options: options({
        layout: {padding: {right: 12}},
        scales: {
          x: valueAxis(byWait ? 'mean wait, ' + time.name + ' (left is better)' : 'GPU share in use, % (right is better)',
                       byWait ? {grace: '10%', min: 0} : {grace: '10%'}),
          y: valueAxis('total, ' + unit.name + 'CO₂e (down is better)', {grace: '15%'}),
        },
        plugins: {
          legend: {...legend(), labels: {...legend().labels, usePointStyle: true, boxHeight: 8, filter: (item) => item.text !== 'front'}},
          tooltip: {
            callbacks: {
              label: ({raw}) => raw.name + ': ' + number(raw.y) + ' ' + unit.name + 'CO₂e, ' +
                (byWait ? number(raw.x) + ' ' + time.name + ' mean wait' : number(raw.x) + ' % of the GPU share'),
            },
          },
        },
      }),
      plugins: [pointNames],
    };
  };

  const topJobs = () => {
    const jobs = study.top_jobs;
    const unit = massUnit(Math.max(...jobs.map((j) => j.asc_kg)));
    fitRows('jobs', jobs.length, 100);
    return {
      type: 'bar',
      data: {
        labels: jobs.map((j) => j.name),
        datasets: [['operational_kg', 'operational', 'gpu'], ['embodied_kg', 'embodied', 'embodied']].map(
          ([key, label, name]) => ({
            label, data: jobs.map((j) => j[key] / unit.size), backgroundColor: colour(name), barPercentage: 0.75,
          })),
      },
      options: options({
        indexAxis: 'y',
        scales: {x: valueAxis('ASC, ' + unit.name + 'CO₂e', {stacked: true}), y: {...nameAxis(), stacked: true}},
        plugins: {legend: legend(), tooltip: massTooltip(unit)},
      }),
    };
  };

  const tornado = () => {
    const rows = study.sensitivity;
    const best = study.policies.find((p) => p.name === study.answer.best);
    const ends = rows.flatMap((r) => [r.total_at_low_kg, r.total_at_high_kg]);
    const unit = massUnit(Math.max(best.total_kg, ...ends));
    const base = best.total_kg / unit.size;
    fitRows('sensitivity', rows.length, 100);
    const bar = (key, label, name) => ({
      label,
      data: rows.map((r) => [Math.min(base, r[key] / unit.size), Math.max(base, r[key] / unit.size)]),
      ends: rows.map((r) => r[key] / unit.size),
      backgroundColor: colour(name),
      grouped: false,
      barPercentage: 0.7,
    });
    return {
      type: 'bar',
      data: {
        labels: rows.map((r) => r.coefficient),
        datasets: [bar('total_at_low_kg', 'coefficient at its low end', 'cpu'),
                   bar('total_at_high_kg', 'coefficient at its high end', 'embodied')],
      },
      options: options({
        indexAxis: 'y',
        scales: {x: valueAxis('total of ' + shorten(best.name, 20) + ', ' + unit.name + 'CO₂e', {grace: '5%', beginAtZero: false}), y: nameAxis()},
        plugins: {
          legend: legend(),
          tooltip: {
            callbacks: {
              label: (item) =>
                item.dataset.label + ': ' + number(item.dataset.ends[item.dataIndex]) + ' ' + unit.name + 'CO₂e',
            },
          },
        },
      }),
      plugins: [centreLine(base)],
    };
  };

  const select = document.querySelector('#over-time select');
  if (select) {
    for (const policy of study.policies) {
      if (policy.over_time.embodied_kg.length) select.add(new Option(policy.name));
    }
    select.value = study.answer.best;
  }

  const plots = {
    'over-time': () => overTime(study.policies.find((p) => p.name === select.value)),
    policies: perPolicy,
    pareto,
    jobs: topJobs,
    sensitivity: tornado,
  };
  const draw = plot.start(plots);
  if (select) select.addEventListener('change', draw);
})();
