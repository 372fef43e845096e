package sandbox

import "github.com/prometheus/client_golang/prometheus"

// Register gives a registry prevalence_sandbox_in_force: 1 for each of files,
// ports and processes that this process can no longer reach for, else 0, at the
// time of asking.
func Register(r prometheus.Registerer) error {
	for what, enforced := range map[string]func(State) bool{"files": State.Files, "ports": State.Ports, "processes": State.Processes} {
		err := r.Register(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name:        "prevalence_sandbox_in_force",
			Help:        "1 where the kernel keeps this process from writing and reading other files, from connecting to other TCP ports, from starting processes.",
			ConstLabels: prometheus.Labels{"what": what},
		}, func() float64 {
			if enforced(InForce()) {
				return 1
			}
			return 0
		}))
		if err != nil {
			return err
		}
	}
	return nil
}
