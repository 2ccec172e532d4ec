using GovChain.Consensus;

namespace GovChain.Tests.Simulation;

/// <summary>What the cores have sent, by type of message.</summary>
internal sealed class Traffic
{
    private readonly SortedDictionary<string, (long Messages, long Bytes, int Largest)> _byType = [];

    public long Messages => _byType.Values.Sum(t => t.Messages);

    public long Bytes => _byType.Values.Sum(t => t.Bytes);

    /// <summary>Messages, bytes, and the bytes of the longest message.</summary>
    public IReadOnlyDictionary<string, (long Messages, long Bytes, int Largest)> ByType => _byType;

    /// <summary>The longest message of a type, bytes; 0 if there was none.</summary>
    public int Largest(string type) => _byType.GetValueOrDefault(type).Largest;

    public void Add(Send send, int bytes, int others)
    {
        string type = MessageChart.TypeOf(send.Message);
        int copies = send.To == Send.ToAll ? others : 1;
        (long messages, long total, int largest) = _byType.GetValueOrDefault(type);
        _byType[type] = (messages + copies, total + (long)copies * bytes, Math.Max(largest, bytes));
    }

    public void Clear() => _byType.Clear();

    public Traffic Copy()
    {
        var copy = new Traffic();
        foreach ((string type, (long, long, int) sent) in _byType)
            copy._byType.Add(type, sent);
        return copy;
    }
}
