using System.Runtime.InteropServices;

namespace GovChain.Node.Pool;

/// <summary>
/// How much clients may send in a department's name, over time: what each address sends in it, and what was verified to be the
/// department's, whoever sent it. The second is charged afterwards, so nobody but the department uses it up. Safe from any thread.
/// </summary>
/// <remarks>A token bucket, kept as the time at which it would be full again (the generic cell rate algorithm of ATM).</remarks>
/// <param name="placesPerSecond">Places (<see cref="AdmissionOptions.PlaceBytes"/>) a second; twice as many may come at once.</param>
/// <param name="sendersMax">How many senders are told apart; beyond, those of a department count together.</param>
internal sealed class SendingRates(int placesPerSecond, int sendersMax)
{
    private const long BurstUs = 2_000_000;
    private const long WaitMinMs = 50; // so that places for several come together

    private readonly object _gate = new();
    private readonly Dictionary<Sender, long> _senders = [];
    private readonly Dictionary<string, long> _departments = []; // never more than the ledger has departments

    /// <summary>Lets so much pass and charges the sender, or says how long it has to wait, milliseconds.</summary>
    /// <param name="sender">In whose name it comes, from where.</param>
    /// <param name="cost">In bytes, as <see cref="AdmissionOptions.CostOf"/> says.</param>
    /// <param name="nowMs">A clock that does not go back.</param>
    public long? WaitFor(Sender sender, long cost, ulong nowMs)
    {
        long nowUs = 1_000 * (long)nowMs;
        lock (_gate)
        {
            if (!_senders.ContainsKey(sender) && _senders.Count >= sendersMax)
                sender = Forget(nowUs) ? sender : sender with { Origin = "" };
            long fullAtUs = Math.Max(_senders.GetValueOrDefault(sender), _departments.GetValueOrDefault(sender.Department));
            if (fullAtUs - nowUs > BurstUs)
                return Math.Max(WaitMinMs, (fullAtUs - nowUs - BurstUs + 999) / 1_000);
            Charge(_senders, sender, cost, nowUs);
            return null;
        }
    }

    /// <summary>Charges a department for what was found to be signed for it.</summary>
    public void OnVerified(string department, long cost, ulong nowMs)
    {
        lock (_gate)
            Charge(_departments, department, cost, 1_000 * (long)nowMs);
    }

    /// <summary>Forgets those whose bucket is full again; false where there are none.</summary>
    private bool Forget(long nowUs)
    {
        foreach ((Sender sender, long fullAtUs) in _senders)
        {
            if (fullAtUs <= nowUs)
                _senders.Remove(sender);
        }
        return _senders.Count < sendersMax;
    }

    private void Charge<TKey>(Dictionary<TKey, long> buckets, TKey key, long cost, long nowUs) where TKey : notnull
    {
        ref long fullAtUs = ref CollectionsMarshal.GetValueRefOrAddDefault(buckets, key, out _);
        fullAtUs = Math.Max(fullAtUs, nowUs) + cost * 1_000_000 / (AdmissionOptions.PlaceBytes * placesPerSecond);
    }
}
