using System.Net;

namespace GovChain.Rpc;

/// <summary>
/// The places of one kind of request on the clients' listener. Half are for whoever comes, by address; half are the departments', and
/// a request moves there when a transaction that it brought is found to be a department's. In either half, where all are taken, whoever
/// has most loses one: of the departments' it goes back among the others, and of those it ends (docs/PROTOCOL.md, "Fair shares").
/// Safe from any thread.
/// </summary>
/// <remarks>
/// What is not verified is counted to its address alone, so nobody takes a place in another's name. Whoever comes is
/// always let in, so that nobody holds the places of those that have shown nothing for long; a department that has less than its part of
/// the departments' half loses none of it, whatever others do.
/// </remarks>
/// <param name="placesMax">2 or more.</param>
internal sealed class DoorPlaces(int placesMax)
{
    private readonly Lock _gate = new();
    private readonly PlaceRoom<IPAddress> _arrived = new(placesMax - placesMax / 2, oldestLoses: true);
    private readonly PlaceRoom<string> _departments = new(placesMax / 2, oldestLoses: false);
    private long _orders;

    /// <summary>Takes a place, of somebody else's where none is free.</summary>
    /// <param name="address">Who comes, as requests are counted by.</param>
    /// <param name="giveWay">Ends the request when its place is lost; may be called on the thread of any other that comes.</param>
    public DoorPlace Enter(IPAddress address, Action giveWay)
    {
        DoorPlace place;
        DoorPlace? loser;
        lock (_gate)
        {
            place = new DoorPlace(this, address, _orders++, giveWay);
            loser = _arrived.Add(address, place.Order, place);
            if (loser is not null)
                loser.IsGone = true;
        }
        loser?.GiveWay();
        return place;
    }

    /// <summary>See <see cref="DoorPlace.Prove"/>.</summary>
    public void Prove(DoorPlace place, string department)
    {
        lock (_gate)
        {
            if (place.IsGone || place.Department is not null)
                return;
            _arrived.Remove(place.Address, place.Order);
            place.Department = department;
            place.ProvenOrder = _orders++;
            if (_departments.Add(department, place.ProvenOrder, place) is not { } loser)
                return;
            // It finds the place that was just left.
            loser.Department = null;
            _arrived.Add(loser.Address, loser.Order, loser);
        }
    }

    /// <summary>See <see cref="DoorPlace.Dispose"/>.</summary>
    public void Leave(DoorPlace place)
    {
        lock (_gate)
        {
            if (place.IsGone)
                return;
            place.IsGone = true;
            if (place.Department is { } department)
                _departments.Remove(department, place.ProvenOrder);
            else
                _arrived.Remove(place.Address, place.Order);
        }
    }
}

/// <summary>The place of one request. Its properties are <see cref="DoorPlaces"/>' own.</summary>
internal sealed class DoorPlace(DoorPlaces places, IPAddress address, long order, Action giveWay) : IDisposable
{
    /// <summary>Whose request it is.</summary>
    public IPAddress Address => address;

    /// <summary>Its turn among all that came.</summary>
    public long Order => order;

    /// <summary>Whose place it is; null while it is nobody's but the address's.</summary>
    public string? Department { get; set; }

    /// <summary>Its turn among the departments' places, while it is one of them.</summary>
    public long ProvenOrder { get; set; }

    /// <summary>The request has no place any more.</summary>
    public bool IsGone { get; set; }

    /// <summary>A transaction that this request brought is the department's, and was new: its place is the department's from now
    /// on, while that does not have most of them. Never calls anybody.</summary>
    public void Prove(string department) => places.Prove(this, department);

    /// <summary>Ends the request.</summary>
    public void GiveWay() => giveWay();

    /// <summary>The request is over.</summary>
    public void Dispose() => places.Leave(this);
}
