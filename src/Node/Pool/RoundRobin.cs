namespace GovChain.Node.Pool;

/// <summary>
/// Whose turn it is among parties that share something: surplus round robin (H. Adiseshu, G. Parulkar, G. Varghese, "A reliable
/// and scalable striping protocol", SIGCOMM 1996). Each round adds a quantum to a party's credit, which it may overdraw by what it
/// takes last and then waits as many rounds as it owes. Nothing is saved up by who has nothing to take.
/// </summary>
/// <typeparam name="T">Belongs to one round robin at a time.</typeparam>
/// <param name="quantum">What a turn is worth, in the unit of costs; 1 or more.</param>
/// <param name="left">Told of each party that is forgotten: it has nothing to take and owes nothing.</param>
internal sealed class RoundRobin<T>(long quantum, Action<T>? left = null) where T : RoundRobin<T>.Party
{
    private readonly List<T> _parties = [];
    private int _at = -1; // whose turn it is
    private int _waiting;

    /// <summary>The party has something to take. One that comes anew has its turn after all others.</summary>
    public void Enter(T party)
    {
        if (!party.IsKnown)
        {
            party.IsKnown = true;
            party.Credit = 0;
            _parties.Add(party);
        }
        if (!party.IsWaiting)
            _waiting++;
        party.IsWaiting = true;
    }

    /// <summary>The party has nothing more to take. What it owes is remembered while others wait.</summary>
    public void Leave(T party)
    {
        if (party.IsWaiting)
            _waiting--;
        party.IsWaiting = false;
        party.Credit = Math.Min(party.Credit, 0);
    }

    /// <summary>Whose turn it is, the same until it has used its credit or left; null where nobody has anything to take.</summary>
    public T? Next()
    {
        if (_waiting == 0)
        {
            ForgetAll();
            return null;
        }
        while (_at < 0 || _parties[_at] is not { IsWaiting: true, Credit: > 0 })
            Advance();
        return _parties[_at];
    }

    /// <summary>Charges the party, whose turn it is, for what it took.</summary>
    public void Pay(T party, long cost) => party.Credit -= cost;

    private void Advance()
    {
        if (++_at == _parties.Count)
        {
            SkipRounds();
            _at = 0;
        }
        T party = _parties[_at];
        party.Credit += quantum;
        if (!IsForgotten(party))
            return;
        _parties.RemoveAt(_at--);
        Forget(party);
    }

    /// <summary>The rounds in which nobody may take anything, all at once.</summary>
    private void SkipRounds()
    {
        long rounds = long.MaxValue;
        foreach (T party in _parties)
        {
            if (party.IsWaiting)
                rounds = Math.Min(rounds, -party.Credit / quantum);
        }
        if (rounds == 0)
            return;
        foreach (T party in _parties)
            party.Credit += rounds * quantum;
        foreach (T party in _parties.FindAll(IsForgotten))
            Forget(party);
        _parties.RemoveAll(static p => !p.IsKnown);
    }

    private static bool IsForgotten(T party) => !party.IsWaiting && party.Credit >= 0;

    private void ForgetAll()
    {
        _parties.ForEach(Forget);
        _parties.Clear();
        _at = -1;
    }

    private void Forget(T party)
    {
        party.IsKnown = false;
        left?.Invoke(party);
    }

    /// <summary>Who takes turns. Its members are the round robin's.</summary>
    internal abstract class Party
    {
        /// <summary>What it may take; below zero after it took more.</summary>
        public long Credit { get; set; }

        /// <summary>It has something to take.</summary>
        public bool IsWaiting { get; set; }

        /// <summary>It has a place in the round, if only for what it owes.</summary>
        public bool IsKnown { get; set; }
    }
}
