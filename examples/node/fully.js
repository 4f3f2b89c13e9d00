'use strict'

// A new customer, fully managed at first, then jointly; the way back is barred. Follows every remedy it is given.
module.exports = async function fully (s) {
  s.title('Fully managed: locked out, let in, and the way back')
  s.remark('An MSP runs everything for a new customer, until the customer wants a say.')

  const northwind = await s.tenant('msp', 'Northwind IT', 'NW-100')
  const ada = await s.user('Ada', northwind, 'ada@northwind.example', 'super_admin')

  s.heading('A new customer')
  const add = (services) => ({
    command: 'add_customer', manager: northwind, kind: 'customer', name: 'Hotel Lindgren', number: 'HL-300', management: 'fully', services
  })
  await s.tries(ada, 'adds Hotel Lindgren with nothing to manage', add([]))
  await s.tries(ada, 'adds Hotel Lindgren with a service nobody offers', add(['telepathy']))
  const added = await s.does(ada, 'adds Hotel Lindgren, fully managed', add(['manage']))
  const hotel = added.tenant
  let link = added.link
  s.call(hotel, 'Hotel Lindgren')
  s.call(link, 'Northwind IT → Hotel Lindgren')
  const email = 'lena@lindgren.example'
  const invited = await s.does(ada, 'invites Lena to the hotel, to read', {
    command: 'invite_user', tenant: hotel, invitee: { email }, role: 'read_only'
  })
  const lena = invited.user
  s.call(lena, 'Lena')
  await s.does(lena, 'accepts', { command: 'accept_invitation', invitation: invited.invitation, email })

  const index = await s.engine.index()
  const questions = [
    [ada, 'devices.manage', hotel],
    [ada, 'users.manage', hotel],
    [ada, 'location.view', hotel],
    [lena, 'devices.view', hotel],
    [lena, 'devices.manage', hotel]
  ]
  const moments = []
  const moment = async (name) => moments.push(await s.moment(name, link, index, questions))
  await moment('fully managed')
  s.remark('Lena is a member of the hotel and can do nothing there: its own people are locked out.')

  s.heading('What fully managed does not do')
  await s.tries(ada, 'asks to delink', { command: 'request_delink', link })
  await s.does(ada, 'manages one more service', { command: 'add_services', link, services: ['configure'] })
  const remove = { command: 'remove_service', link, service: 'configure' }
  await s.tries(ada, 'takes it away again', remove)
  await s.does({ operator: { ticket: 'SUP-4711' } }, 'takes it away', remove, 'the operator, on SUP-4711,')

  s.heading('Conversion to jointly managed')
  const owner = { email: 'lars@lindgren.example', name: 'Lars' }
  const convert = { command: 'convert_link', link, management: 'jointly' }
  await s.tries(ada, 'converts the link', convert)
  const first = await s.does(ada, "converts the link, with Lars as the hotel's owner", { ...convert, owner })
  s.call(first.user, 'Lars')
  s.call(first.invitation, 'Lars at Hotel Lindgren')
  await moment('converted')
  await s.daysPass(5)
  await s.does(ada, 'reminds Lars', { command: 'resend_invitation', invitation: first.invitation })
  await s.daysPass(5)
  await s.tries(first.user, 'signs up, too late', { command: 'accept_invitation', invitation: first.invitation, email: owner.email })
  const again = await s.does(ada, 'invites Lars again', { command: 'invite_owner', link, owner })
  const lars = again.user
  s.call(lars, 'Lars')
  s.call(again.invitation, 'Lars at Hotel Lindgren')
  const accept = { command: 'accept_invitation', invitation: again.invitation }
  await s.tries(lars, 'signs up with another address', { ...accept, email: 'lars@elsewhere.example' })
  await s.does(lars, 'signs up', { ...accept, email: owner.email })
  await moment('signed up')

  s.heading('The way back')
  await s.tries(ada, 'converts the link back', { command: 'convert_link', link, management: 'fully' })
  s.remark('There is a remedy, so they follow it.')
  await s.does(lars, 'asks to delink', { command: 'request_delink', link })
  await s.does(ada, 'accepts', { command: 'accept_delink', link })
  await moment('delinked')
  const request = await s.does(ada, 'asks to manage HL-300 fully', {
    command: 'request_link', manager: northwind, number: 'HL-300', management: 'fully', services: ['manage']
  })
  s.call(request, 'Northwind IT → Hotel Lindgren')
  link = await s.does(lars, 'accepts, and is locked out', { command: 'accept_link', request })
  await moment('fully again')

  s.heading('Who could do what, and when')
  await s.rights(moments, questions)
  index.close()

  s.heading('The history')
  await s.history()
  await s.verify()
}
