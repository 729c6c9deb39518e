#!/bin/sh
echo '{"pass": true}'
