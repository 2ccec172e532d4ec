namespace GovChain.Node;

/// <summary>The node must stop, because going on could break a promise. The message says why and what to do.</summary>
internal sealed class FatalNodeException(string message, Exception? inner = null) : Exception(message, inner);
