# replaced
