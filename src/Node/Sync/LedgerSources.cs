using GovChain.Core.Model;
using GovChain.Node.Peers;

namespace GovChain.Node.Sync;

/// <summary>
/// Whom a node asks for the ledger: the validators, numbered by their index in the set, and everybody else that it is
/// connected with, numbered after them as first seen. Certificates prove what is given, so it does not matter who gives it.
/// </summary>
/// <remarks>Safe from any thread. Numbers stay as long as the epoch does.</remarks>
internal sealed class LedgerSources(ValidatorSet validators, IPeerNetwork network)
{
    private readonly Lock _gate = new();
    private readonly List<string> _others = [];

    /// <summary>All that can be asked now.</summary>
    public IReadOnlyList<int> Connected =>
        [.. network.Connections.Where(static c => c.IsConnected).Select(c => NumberOf(c.Department))];

    /// <summary>Of these, those whose messages do not count here, so that their height is known only where it is asked for:
    /// nodes without a vote, and departments under a key that this node's ledger does not name yet.</summary>
    public IReadOnlyList<int> Unheard => [.. network.Connections
        .Where(c => c.IsConnected && (c.IsAwaited || validators.IndexOf(c.Department) < 0)).Select(c => NumberOf(c.Department))];

    /// <summary>Validators that are connected under the keys that count in this epoch.</summary>
    public int ValidatorsConnected =>
        network.Connections.Count(c => c is { IsConnected: true, IsAwaited: false } && validators.IndexOf(c.Department) >= 0);

    /// <summary>So many validators that one of them is honest.</summary>
    public int Weak => Quorum.Weak(validators.Count);

    /// <summary>Whether a number is a validator's.</summary>
    public bool IsValidator(int source) => source < validators.Count;

    /// <summary>A department's number.</summary>
    public int NumberOf(string department)
    {
        if (validators.IndexOf(department) is >= 0 and int index)
            return index;
        lock (_gate)
        {
            int other = _others.IndexOf(department);
            if (other < 0)
            {
                other = _others.Count;
                _others.Add(department);
            }
            return validators.Count + other;
        }
    }

    /// <summary>Who a number that was given out stands for. Under another key it is somebody else, and so is whoever gets a vote or loses
    /// it.</summary>
    public PeerIdentity IdentityOf(int source) => new(DepartmentOf(source), IsValidator(source) ? validators[source].Key : null);

    /// <summary>The department of a number that was given out.</summary>
    public string DepartmentOf(int source)
    {
        if (source < validators.Count)
            return validators[source].Department;
        lock (_gate)
            return _others[source - validators.Count];
    }
}
