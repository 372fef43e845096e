package client_test

import (
	"bufio"
	"context"
	"fmt"
	"log"

	"prevalence/query/client"
)

func Example() {
	c := client.New(serverAddress, client.Options{Token: token})
	b, err := c.Behavior(context.Background(), "file/delete")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s %d of %d projects: %s\n", b.Sentence, b.Community.Count, b.Community.Scanned, b.Label)
	// Output: Deletes a file. 3 of 3 projects: Common
}

func ExampleClient_Project() {
	c := client.New(serverAddress, client.Options{Token: token})
	p, err := c.Project(context.Background(), "Beta")
	if err != nil {
		log.Fatal(err)
	}
	for _, b := range p.Behaviors {
		fmt.Println(p.Project, p.Version, b.Behavior, b.Seen[0].Evidence[0])
	}
	_, err = c.Project(context.Background(), "omega")
	fmt.Println(client.NotFound(err))
	// Output:
	// beta 1.0 file/delete beta/m.py:3
	// true
}

func ExampleClient_ShownBy() {
	c := client.New(serverAddress, client.Options{Token: token})
	for p, err := range c.ShownBy(context.Background(), "file/delete") {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(p.Project, p.Contexts)
	}
	// Output:
	// alpha [call]
	// beta [call]
	// gamma [call]
}

func ExampleClient_Symbol() {
	c := client.New(serverAddress, client.Options{Token: token})
	s, err := c.Symbol(context.Background(), "os.remove", 1)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(s.Community.Count, s.Projects[0].Project, s.Projects[0].Evidence)
	// Output: 3 alpha alpha/m.py:3
}

func ExampleClient_Changes() {
	c := client.New(serverAddress, client.Options{Token: token})
	cursor := "" // where the last run ended
	for e, err := range c.Changes(context.Background(), cursor) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(e.Kind, e.Project)
		cursor = e.Next
	}
	fmt.Println("kept for the next run:", cursor != "")
	// Output:
	// removed delta
	// kept for the next run: true
}

func ExampleClient_Set() {
	c := client.New(serverAddress, client.Options{Token: token})
	set, err := c.Set(context.Background(), "behaviors", "csv")
	if err != nil {
		log.Fatal(err)
	}
	defer set.Close()
	lines := bufio.NewScanner(set)
	for range 2 {
		lines.Scan()
		fmt.Println(lines.Text())
	}
	// Output:
	// project,version,rank,behavior,install,startup,import,call,package,support,resolved
	// alpha,1.0,0,file/delete,false,false,false,true,false,false,true
}

func ExampleClient_SQL() {
	c := client.New(serverAddress, client.Options{Token: token})
	a, err := c.SQL(context.Background(), "SELECT project FROM projects ORDER BY project", 2)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(a.Rows, a.Cut)
	// Output: [[alpha] [beta]] true
}
