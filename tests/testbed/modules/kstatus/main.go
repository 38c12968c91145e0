// Command kstatus reads resources as JSON, one on a line, and says of each what the library says by which Flux and
// Helm 4 tell whether a resource is ready.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"log"
	"os"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<22)
	for lines.Scan() {
		resource := &unstructured.Unstructured{}
		if err := json.Unmarshal(lines.Bytes(), resource); err != nil {
			log.Fatal(err)
		}
		found, err := status.Compute(resource)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(found.Status)
	}
	if err := lines.Err(); err != nil {
		log.Fatal(err)
	}
}
