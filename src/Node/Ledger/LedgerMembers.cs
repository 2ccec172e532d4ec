using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Core.Verification;
using GovChain.Node.Configuration;
using GovChain.Node.Peers;
using GovChain.Node.Tls;
using GovChain.Protos.V1;
using GovChain.Storage;

namespace GovChain.Node.Ledger;

/// <summary>
/// Who votes, who once did, and where they listen, by a stored ledger: what a node begins an epoch with. Of an empty ledger
/// the genesis says it.
/// </summary>
internal sealed class LedgerMembers
{
    private readonly Dictionary<string, string> _endpoints = new(StringComparer.Ordinal);

    private LedgerMembers(ValidatorHistory history) => History = history;

    /// <summary>The sets of all heights.</summary>
    public ValidatorHistory History { get; }

    /// <summary>Reads a ledger's newest state.</summary>
    /// <exception cref="StorageException">It cannot be read.</exception>
    public static LedgerMembers Of(Genesis genesis, LedgerStore store)
    {
        if (store.IsEmpty)
            return Of(genesis);
        using LedgerSnapshot view = store.OpenSnapshot();
        var members = new LedgerMembers(ValidatorHistory.Of(genesis, view));
        foreach (Validator validator in members.History.All())
        {
            if (StateValue.Read<DepartmentState>(view, StateKey.Department(validator.Department)) is { } department)
                members._endpoints[validator.Department] = department.Endpoint;
        }
        return members;
    }

    /// <summary>What an empty ledger begins with.</summary>
    public static LedgerMembers Of(Genesis genesis)
    {
        var founding = new LedgerMembers(new ValidatorHistory(genesis.Validators, null));
        foreach (GenesisDepartment department in genesis.Body.Departments)
            founding._endpoints[department.Id] = department.Endpoint;
        return founding;
    }

    /// <summary>
    /// The nodes to speak with: those that vote, those that did (they follow and serve), and the observers that the operator
    /// names. Of one that votes the ledger's key counts; another key that the operator states for it is awaited, unless the
    /// ledger knows it as one of before.
    /// </summary>
    public IReadOnlyList<PeerEndpoint> PeersOf(NodeConfiguration configuration)
    {
        var peers = new SortedDictionary<string, PeerEndpoint>(StringComparer.Ordinal);
        foreach (Validator validator in History.All())
        {
            peers[validator.Department] = new PeerEndpoint(validator.Department, validator.Key, _endpoints[validator.Department])
            {
                IsFormer = History.Acting.IndexOf(validator.Department) < 0,
            };
        }
        foreach ((string department, ObserverAddress observer) in configuration.Observers)
        {
            if (ProblemOf(department, observer) is not null)
                continue;
            if (History.Acting.IndexOf(department) < 0)
                peers[department] = new PeerEndpoint(department, observer.Key, observer.Endpoint);
            else if (peers[department].Key != observer.Key)
                peers[department] = peers[department] with { Awaited = observer };
        }
        foreach ((string department, string endpoint) in configuration.PeerEndpoints)
        {
            if (peers.TryGetValue(department, out PeerEndpoint? peer))
                peers[department] = peer with { Endpoint = endpoint };
        }
        peers.Remove(configuration.Department);
        return [.. peers.Values];
    }

    /// <summary>Why an observer that the operator names is not used; null where it is, or where the ledger says the same.
    /// </summary>
    public string? ProblemOf(string department, ObserverAddress observer)
    {
        if (History.DepartmentOf(observer.Key) is { } holder && holder != department)
            return $"the key {observer.Key} is, or was, {holder}'s on the ledger, and a key serves one department.";
        return History.Acting.IndexOf(department) is >= 0 and int index && History.Acting[index].Key is { } key && key != observer.Key
            && HasHad(department, observer.Key)
            ? $"the ledger has replaced the key {observer.Key} by {key}, which counts. Remove the entry." : null;
    }

    /// <summary>
    /// What proves a key to those who lack the block that gave it to its department in place of another: that block. Null: no block did,
    /// or it is not filled in yet.
    /// </summary>
    /// <exception cref="StorageException">It cannot be read.</exception>
    public KeySuccession? SuccessionOf(PublicKey key, LedgerStore store)
    {
        if (History.Changes.FirstOrDefault(c => !c.OldKey.IsEmpty && c.NewKey.Span.SequenceEqual(key.Span)) is not { } change)
            return null;
        using LedgerSnapshot view = store.OpenSnapshot();
        return view.Gap is { } gap && change.Height < gap.FirstWhole
            ? null : new KeySuccession(new CertifiedBlock(view.GetHeader(change.Height), view.GetCertificate(change.Height)!));
    }

    /// <summary>Whether the department has, or once had, this validator key.</summary>
    public bool HasHad(string department, PublicKey key) => History.DepartmentOf(key) == department;
}
