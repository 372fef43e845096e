package main

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/spf13/cobra"
)

func (a *app) configCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Print the settings that are in force",
		Long: `Prints every setting with its value, its environment variable and what it
means. Values come from the configuration file, the environment and the flags,
each winning over the one before. Secrets are shown as "(set)".`,
		Example: `  prevalence config
  PREVALENCE_INDEX=https://mirror.example/simple/ prevalence config --format json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := loadConfig(cmd)
			if err != nil {
				return err
			}
			return configSheet(c).print(a.out, c.Format)
		},
	}
	addFlags(cmd.Flags(), "format")
	return cmd
}

// settingView is one setting as "prevalence config" shows it.
type settingView struct {
	Key         string `json:"key"`
	Value       any    `json:"value"`
	Environment string `json:"environment"`
	Usage       string `json:"usage"`
}

func configSheet(c *config) sheet {
	values := settingValues(c)
	s := sheet{columns: []column{
		{title: "Setting", key: "key"},
		{title: "Value", key: "value"},
		{title: "Environment", key: "environment"},
		{title: "Meaning", key: "usage"},
	}}
	var views []settingView
	for _, set := range settings() {
		value := values[set.key]
		if set.secret {
			value = redacted(value)
		}
		meaning := strings.ReplaceAll(set.usage, "`", "") // which mark the argument's name in a flag's help
		views = append(views, settingView{set.key, value, envName(set.key), meaning})
		s.rows = append(s.rows, []string{set.key, fmt.Sprint(value), envName(set.key), meaning})
	}
	s.value = views
	return s
}

// settingValues reads c's fields by their keys.
func settingValues(c *config) map[string]any {
	values := make(map[string]any)
	v := reflect.ValueOf(*c)
	for i := range v.NumField() {
		values[v.Type().Field(i).Tag.Get("mapstructure")] = v.Field(i).Interface()
	}
	return values
}

func redacted(value any) string {
	if value == "" {
		return ""
	}
	return "(set)"
}
