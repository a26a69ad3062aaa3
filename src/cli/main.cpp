// The command line: every option of every verb, and nothing else. Verbs live in verb_*.cpp.
int main() { return 0; }
