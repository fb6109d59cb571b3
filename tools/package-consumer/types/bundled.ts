// What it exports is nothing: importing it is the whole of its use.
import 'cache-attribution/bundled'
